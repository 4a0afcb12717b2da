"""Maps: longitude and latitude in degrees, their aspect ratio, and lines such as coasts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from conservax.data import DataError

_NAMES = ({"lon", "longitude"}, {"lat", "latitude"})
_FINE = 4095  # steps of a line across the box: finer than the pixels of a screen


def is_map(columns: Sequence[str]) -> bool:
    """Whether the names of the columns are those of longitude and latitude, in this order."""
    return len(columns) == 2 and all(
        name.lower() in known for name, known in zip(columns, _NAMES, strict=True)
    )


def ground(
    bounds: Float[np.ndarray, "dim 2"], columns: Sequence[str]
) -> tuple[tuple[int, int], Float[np.ndarray, " 2"]] | None:
    """Columns of longitude and latitude, and the sides of their box on the ground.

    In degrees of latitude: one of longitude is shorter by the cosine of the latitude, taken in the
    middle of the box. None where a column of either name is missing.
    """
    lower = [name.lower() for name in columns]
    found = [next((lower.index(n) for n in lower if n in known), None) for known in _NAMES]
    east, north = found
    if east is None or north is None:
        return None
    sides = np.ptp(bounds[[east, north]], axis=1)
    return (east, north), sides * [_shrink(bounds[north].mean()), 1.0]


def degree_ratio(latitudes: tuple[float, float]) -> float:
    """Length of a degree of latitude over that of a degree of longitude, in the middle of a map."""
    return 1 / _shrink(0.5 * sum(latitudes))


def widened(
    bounds: Float[np.ndarray, "dim 2"], columns: Sequence[str], least: float, most: float
) -> Float[np.ndarray, "dim 2"]:
    """Widen longitudes or latitudes of a box until width / height on the ground is within limits.

    A picture then does not have to stretch a map. Other columns are left as they are.
    """
    map_ = ground(bounds, columns)
    if map_ is None:
        return bounds
    (east, north), sides = map_
    bounds = bounds.copy()
    axes = [east, north]
    bounds[axes] = _stretched(bounds[axes], sides[0] / sides[1], least, most)
    return bounds


def widened_sides(
    bounds: Float[np.ndarray, "2 2"], least: float, most: float
) -> Float[np.ndarray, "2 2"]:
    """Widen a box of two coordinates of one unit until width / height is within limits."""
    return _stretched(bounds, float(np.divide(*np.ptp(bounds, axis=1))), least, most)


def _stretched(
    bounds: Float[np.ndarray, "2 2"], shape: float, least: float, most: float
) -> Float[np.ndarray, "2 2"]:
    larger = np.maximum([least / shape, shape / most], 1.0)[:, None]
    middle = bounds.mean(axis=1, keepdims=True)
    return middle + larger * (bounds - middle)


def _shrink(latitude: float) -> float:
    """Cosine of a latitude in degrees, at least .1 near the poles."""
    return max(0.1, float(np.cos(np.radians(latitude))))


def drawn_lines(
    lines: Sequence[np.ndarray], bounds: Float[np.ndarray, "dim 2"]
) -> list[Float[np.ndarray, "points 2"]]:
    """Clip lines to a box, with coordinates in steps of it from 0 to 4095.

    **Raises:** `DataError` if a line is not of shape `(points, 2)`, or the box not a plane.
    """
    if len(lines) and len(bounds) != 2:
        raise DataError(
            f"expected a model of two coordinates to draw lines on; got {len(bounds)}. Leave lines "
            "out."
        )
    drawn = []
    for number, line in enumerate(lines):
        line = _points(line, number)
        if len(line) < 2:
            continue
        steps = np.round((line - bounds[:, 0]) / np.ptp(bounds, axis=1) * _FINE)
        moved = np.append(True, np.any(np.diff(steps, axis=0) != 0, axis=1))
        steps = steps[moved]
        # With a margin of the width of the box, so that clipped lines end outside it.
        near = np.all(np.abs(steps - _FINE / 2) <= 1.5 * _FINE, axis=1)
        breaks = np.flatnonzero(np.diff(near)) + 1
        drawn += [run for run, kept in _runs(steps, near, breaks) if kept and len(run) > 1]
    return drawn


def _points(line: Any, number: int) -> np.ndarray:
    points = np.asarray(line, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise DataError(
            f"lines, number {number + 1}: expected finite numbers of shape (points, 2); got shape "
            f"{points.shape}. Give every line as one array, and split it where it is broken."
        )
    return points


def _runs(steps: np.ndarray, near: np.ndarray, breaks: np.ndarray) -> zip:
    """Pieces of a line, and whether each is near the box."""
    return zip(np.split(steps, breaks), near[np.append(0, breaks)], strict=True)

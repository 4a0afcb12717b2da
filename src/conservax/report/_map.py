"""When the plane is a map: columns in degrees, and lines such as coasts to find one's way by."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from conservax.data import DataError

_NAMES = ({"lon", "longitude"}, {"lat", "latitude"})
_FINE = 4095  # steps of a line across the box: finer than the pixels of a screen


def is_map(columns: Sequence[str]) -> bool:
    """Whether the columns are longitude and latitude, in this order, by their names."""
    return len(columns) == 2 and all(
        name.lower() in known for name, known in zip(columns, _NAMES, strict=True)
    )


def drawn_lines(
    lines: Sequence[np.ndarray], bounds: Float[np.ndarray, "dim 2"]
) -> list[Float[np.ndarray, "points 2"]]:
    """What can be seen of the lines within the box, in steps of it from 0 to 4095.

    **Raises:** `DataError` if a line is not of shape `(points, 2)`, or the box not a plane.
    """
    if len(lines) and len(bounds) != 2:
        raise DataError(
            f"expected a model of two coordinates to draw lines on; got {len(bounds)}. Leave lines "
            "out."
        )
    seen = []
    for number, line in enumerate(lines):
        line = _points(line, number)
        if len(line) < 2:
            continue
        steps = np.round((line - bounds[:, 0]) / np.ptp(bounds, axis=1) * _FINE)
        moved = np.append(True, np.any(np.diff(steps, axis=0) != 0, axis=1))
        steps = steps[moved]
        # A box's width around the box, so that no line ends within sight.
        near = np.all(np.abs(steps - _FINE / 2) <= 1.5 * _FINE, axis=1)
        ends = np.flatnonzero(np.diff(near)) + 1
        seen += [run for run, kept in _runs(steps, near, ends) if kept and len(run) > 1]
    return seen


def _points(line: Any, number: int) -> np.ndarray:
    points = np.asarray(line, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise DataError(
            f"lines, number {number + 1}: expected finite numbers of shape (points, 2); got shape "
            f"{points.shape}. Give every line as one array, and split it where it is broken."
        )
    return points


def _runs(steps: np.ndarray, near: np.ndarray, ends: np.ndarray) -> zip:
    """The pieces of a line, and whether each is near the box."""
    return zip(np.split(steps, ends), near[np.append(0, ends)], strict=True)

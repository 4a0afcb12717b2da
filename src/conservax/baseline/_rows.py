"""Rows of points for the baselines: checked, standardised, thinned out."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike

Points = Float64[np.ndarray, "rows dim"]
Values = Float64[np.ndarray, " rows"]
NARROWEST = 1e-3  # that a normal or a component is, in standard deviations


def as_rows(x: ArrayLike) -> Points:
    """Points of shape `(rows, dim)`, at least one.

    **Raises:** `ValueError` for another shape.
    """
    rows = np.asarray(x, np.float64)
    if rows.ndim != 2 or not len(rows):
        raise ValueError(
            f"expected points of shape (rows, dim), at least one row; got {rows.shape}. "
            "A baseline needs rows to train on and others to be tuned on."
        )
    return rows


def join(t: ArrayLike, x: ArrayLike) -> Points:
    """Times, one or one per row, as the first column beside the points."""
    rows = as_rows(x)
    return np.column_stack((np.broadcast_to(np.asarray(t, np.float64), len(rows)), rows))


def thin(rows: Points, most: int) -> Points:
    """At most that many rows, evenly spaced: of rows in time order, a fair part of every time."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of every column: z = (x - mean) / std."""

    mean: Values
    std: Values

    @classmethod
    def of(cls, rows: Points) -> Self:
        """Mean and standard deviation of the training rows.

        **Raises:** `ValueError` for a column that does not vary: it has no density.
        """
        std = rows.std(0)
        if not (np.isfinite(std) & (std > 0)).all():
            raise ValueError(f"expected columns that vary; got standard deviations {std}.")
        return cls(rows.mean(0), std)

    def __call__(self, rows: Points) -> Points:
        """Standardised rows."""
        return (rows - self.mean) / self.std

    def restore(self, rows: Points) -> Points:
        """Standardised rows in their own units again."""
        return rows * self.std + self.mean

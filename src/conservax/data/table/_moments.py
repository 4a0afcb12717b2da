"""Mean and standard deviation of rows that come in batches.

Batches are joined by the pairwise update of Chan, Golub and LeVeque (1979): sums of squares are
taken about the mean of each batch, so that no digits are lost where the mean is large.
"""

import numpy as np

from conservax.data.table._types import Points


class Moments:
    """Count, mean and sum of squared deviations of each column so far."""

    def __init__(self, dim: int):
        self.count = 0
        self._mean, self._squares = np.zeros(dim), np.zeros(dim)

    def add(self, x: Points) -> None:
        """Add a batch, shape `(rows, dim)`."""
        if not len(x):
            return
        # A sum that overflows is refused by name where units are made of it.
        with np.errstate(over="ignore", invalid="ignore"):
            mean, count = x.mean(0), self.count + len(x)
            apart = mean - self._mean
            self._squares += ((x - mean) ** 2).sum(0) + apart**2 * (self.count * len(x) / count)
            self._mean += apart * (len(x) / count)
        self.count = count

    def mean_and_std(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each column, the latter by the unbiased estimate (n - 1)."""
        std = np.sqrt(self._squares / (self.count - 1))
        return tuple(self._mean.tolist()), tuple(std.tolist())

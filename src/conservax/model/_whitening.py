"""Mean and covariance of every snapshot: the units in which snapshots are learned."""

import numpy as np
from jaxtyping import Float
from sklearn.covariance import ledoit_wolf

_NARROWEST = 1e-3  # of the deviation of all rows


def snapshot_moments(
    t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"]
) -> tuple[
    Float[np.ndarray, " knots"], Float[np.ndarray, "knots dim"], Float[np.ndarray, "knots dim dim"]
]:
    """Times, means, and Cholesky factors of the covariances of the rows of each time.

    Correlations are shrunk by Ledoit and Wolf's rule, for snapshots of few rows; deviations are kept,
    but none is below a thousandth of that of all rows.
    """
    knots, centres, deviations = _by_coordinate(t, x)
    factors = []
    for time, centre, deviation in zip(knots, centres, deviations, strict=True):
        rows = (x[t == time] - centre) / deviation
        correlation = ledoit_wolf(rows, assume_centered=True)[0]
        unit = np.sqrt(np.diagonal(correlation))
        factors.append(deviation[:, None] * np.linalg.cholesky(correlation / np.outer(unit, unit)))
    return knots, centres, np.stack(factors)


class SnapshotUnits:
    """Mean and standard deviation of each coordinate within each snapshot of some rows.

    **Arguments:** times, shape `(rows,)`, and points, shape `(rows, dim)`, of snapshots.
    """

    def __init__(self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"]):
        self._knots, self._centre, self._deviation = _by_coordinate(t, x)

    def spread(self, t: Float[np.ndarray, " others"]) -> Float[np.ndarray, "others dim"]:
        """The standard deviations in the snapshot nearest to each time."""
        return self._deviation[self._nearest(t)]

    def standardise(
        self, t: Float[np.ndarray, " others"], x: Float[np.ndarray, "others dim"]
    ) -> Float[np.ndarray, "others dim"]:
        """Points less the mean of their snapshot, over its standard deviations."""
        return (x - self._centre[self._nearest(t)]) / self.spread(t)

    def _nearest(self, t: np.ndarray) -> np.ndarray:
        return np.abs(t[:, None] - self._knots).argmin(1)


def _by_coordinate(t: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, means and standard deviations; none of these is below a thousandth of that of all rows."""
    knots, floor = np.unique(t), _NARROWEST * x.std(0)
    rows = [x[t == time] for time in knots]
    deviation = np.stack([np.maximum(part.std(0, ddof=1), floor) for part in rows])
    return knots, np.stack([part.mean(0) for part in rows]), deviation

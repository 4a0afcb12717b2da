"""Mean and standard deviation within every snapshot: the units of the input noise on its rows."""

import numpy as np
from jaxtyping import Float

from conservax.baseline import fit_normal_by_snapshot


class SnapshotMoments:
    """Mean and standard deviation of each coordinate within each snapshot of some rows.

    **Arguments:** times, shape `(rows,)`, and points, shape `(rows, dim)`, of snapshots.
    """

    def __init__(self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"]):
        normals = fit_normal_by_snapshot(t, x)
        self._times, self._mean = normals.times, normals.mean
        self._deviation = np.sqrt(np.diagonal(normals.covariance, axis1=1, axis2=2))

    def spread(self, t: Float[np.ndarray, " others"]) -> Float[np.ndarray, "others dim"]:
        """The standard deviations in the snapshot nearest to each time."""
        return self._deviation[self._nearest(t)]

    def standardise(
        self, t: Float[np.ndarray, " others"], x: Float[np.ndarray, "others dim"]
    ) -> Float[np.ndarray, "others dim"]:
        """Points less the mean of their snapshot, over its standard deviations."""
        return (x - self._mean[self._nearest(t)]) / self.spread(t)

    def _nearest(self, t: np.ndarray) -> np.ndarray:
        return np.abs(t[:, None] - self._times).argmin(1)

"""Mean and covariance of every snapshot, in which a density of snapshots is whitened."""

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
    knots = np.unique(t)
    floor = _NARROWEST * x.std(0)
    centres, factors = [], []
    for time in knots:
        rows = x[t == time]
        centre, deviation = rows.mean(0), np.maximum(rows.std(0, ddof=1), floor)
        correlation = ledoit_wolf((rows - centre) / deviation, assume_centered=True)[0]
        unit = np.sqrt(np.diagonal(correlation))
        factor = np.linalg.cholesky(correlation / np.outer(unit, unit))
        centres.append(centre)
        factors.append(deviation[:, None] * factor)
    return knots, np.stack(centres), np.stack(factors)

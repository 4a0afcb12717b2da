"""Values at several times that are known with errors: what they are beside their neighbours in time."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from conservax.baseline._rows import Points, Values

_TINY = 1e-6  # a variance of steps that is none, beside that of the errors


def smooth_random_walk(times: Values, values: Points, variances: Values) -> Points:
    """Posterior means of random walks, one per column, that are seen at these times with normal errors.

    The variance of their steps per unit of time is the most likely one (restricted maximum likelihood:
    their levels are free). Without steps every value is the mean weighted by the errors; steps far above
    the errors leave the values as they are.

    **Arguments:**

    - `times`: rising, shape `(times,)`.
    - `values`: shape `(times, columns)`.
    - `variances`: of the errors, above 0, the same for every column, shape `(times,)`.
    """
    from scipy.optimize import minimize_scalar

    if len(times) < 2:
        return values
    steps, gaps = np.diff(values, axis=0), np.diff(times)
    contrast = np.diff(np.eye(len(times)), axis=0)
    errors = contrast * variances @ contrast.T

    def solved(log_variance: float) -> tuple[float, Points]:
        """Twice the negative log-likelihood of the steps, and their precision times them."""
        factor, _ = found = cho_factor(np.exp(log_variance) * np.diag(gaps) + errors, lower=True)
        weighed = cho_solve(found, steps)
        volume = 2 * values.shape[1] * np.log(np.diagonal(factor)).sum()
        return volume + np.sum(steps * weighed), weighed

    lowest = np.log(_TINY * variances.min() / gaps.max())
    highest = np.log((variances.max() + np.mean(steps**2)) / gaps.min())
    grid = np.linspace(lowest, highest, 30)
    best = np.argmin([solved(value)[0] for value in grid])
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(lambda value: solved(value)[0], bounds=around, method="bounded")
    return values - variances[:, None] * (contrast.T @ solved(found.x)[1])

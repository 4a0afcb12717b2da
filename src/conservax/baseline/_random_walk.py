"""Means at several times that are known with errors: what they are beside their neighbours in time."""

import numpy as np

from conservax.baseline._rows import Points, Values

_TINY = 1e-6  # a variance of steps that is none, beside that of the errors
_CANDIDATES, _ROUNDS = 13, 3  # variances of steps, between ever closer limits


def smooth_random_walk(times: Values, values: Points, errors: np.ndarray) -> Points:
    """Posterior means of a random walk that is seen at these times with normal errors.

    All coordinates of its steps are independent, of the one variance per unit of time that is the most likely
    (restricted maximum likelihood: the level of the walk is free). Without steps the values are all the mean
    weighted by the errors; steps far above the errors leave the values as they are. Found by the Kalman filter
    and the smoother of Rauch, Tung and Striebel.

    **Arguments:**

    - `times`: rising, shape `(times,)`.
    - `values`: shape `(times, dim)`.
    - `errors`: covariances of the errors, positive definite, shape `(times, dim, dim)`.
    """
    if len(times) < 2:
        return values
    gaps, variances = np.diff(times), np.diagonal(errors, axis1=1, axis2=2)
    lowest = np.log(_TINY * variances.min() / gaps.max())
    highest = np.log((variances.max() + np.mean(np.diff(values, axis=0) ** 2)) / gaps.min())
    best = lowest
    for _ in range(_ROUNDS):
        candidates = np.linspace(lowest, highest, _CANDIDATES)
        loss, _, _ = _filtered(values, errors, np.exp(candidates)[:, None] * gaps)
        k = loss.argmin()
        best, lowest = candidates[k], candidates[max(k - 1, 0)]
        highest = candidates[min(k + 1, _CANDIDATES - 1)]
    steps = np.exp(best) * gaps
    _, means, spreads = _filtered(values, errors, steps[None])
    return _smoothed(means[:, 0], spreads[:, 0], steps)


def _filtered(
    values: Points, errors: np.ndarray, steps: np.ndarray
) -> tuple[Values, np.ndarray, np.ndarray]:
    """Filtered walks for each candidate of the variances of steps, shape `(candidates, times - 1)`.

    **Returns:** twice the negative log-likelihood of all values but the first, shape `(candidates,)`; means
    and covariances given the values until then, shapes `(times, candidates, dim)` and
    `(times, candidates, dim, dim)`.
    """
    identity, loss = np.eye(values.shape[1]), np.zeros(len(steps))
    means = [np.broadcast_to(values[0], (len(steps), len(identity)))]
    spreads = [np.broadcast_to(errors[0], (len(steps), *errors[0].shape))]
    for value, error, step in zip(values[1:], errors[1:], steps.T, strict=True):
        before = spreads[-1] + step[:, None, None] * identity
        innovation = value - means[-1]
        weighed = np.linalg.solve(
            before + error,
            np.concatenate((innovation[..., None], np.broadcast_to(error, before.shape)), axis=-1),
        )
        moved = before @ weighed
        loss += np.linalg.slogdet(before + error)[1] + np.sum(innovation * weighed[..., 0], axis=1)
        means.append(means[-1] + moved[..., 0])
        spreads.append((moved[..., 1:] + moved[..., 1:].swapaxes(1, 2)) / 2)
    return loss, np.stack(means), np.stack(spreads)


def _smoothed(means: Points, spreads: np.ndarray, steps: Values) -> Points:
    """Means given all values, from the filtered ones."""
    found, identity = [means[-1]], np.eye(means.shape[1])
    for mean, spread, step in zip(means[-2::-1], spreads[-2::-1], steps[::-1], strict=True):
        later = np.linalg.solve(spread + step * identity, found[-1] - mean)
        found.append(mean + spread @ later)
    return np.stack(found[::-1])

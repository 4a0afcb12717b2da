"""Densities of each snapshot by itself: a normal, or a Gaussian mixture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import multigammaln  # pyright: ignore (its stubs lack it)

from conservax.baseline._gaussian_mixture import StaticGaussianMixture, fit_gaussian_mixture
from conservax.baseline._random_walk import smooth_random_walk
from conservax.baseline._rows import NARROWEST, Points, Standard, Values, as_rows

_FOLDS, _SHRINKAGES = 5, np.logspace(-6, 0, 13)
_PRIOR_ROWS = np.logspace(-2, 6, 33)
_MOST_GAIN = 3.0  # nats that a row can count for one way to fit normals or another


@dataclass(frozen=True)
class NormalBySnapshot:
    """One normal per snapshot; between two of them mean and covariance are interpolated linearly.

    Before the first and after the last it is the normal of that one.
    """

    name: ClassVar[str] = "Normal per snapshot"
    detail: ClassVar[str] = "linear between"
    times: Values
    mean: Points
    covariance: np.ndarray

    def log_prob(self, t: ArrayLike, x: ArrayLike) -> Values:
        """log p(x | t), shape `(rows,)`, nats."""

        def of_time(time: float, rows: Points) -> Values:
            mean = [np.interp(time, self.times, column) for column in self.mean.T]
            flat = self.covariance.reshape(len(self.times), -1)
            covariance = [np.interp(time, self.times, column) for column in flat.T]
            shape = self.covariance.shape[1:]
            return _log_normal(rows, np.array(mean), np.reshape(covariance, shape))

        return _time_by_time(of_time, t, x)


@dataclass(frozen=True)
class GaussianMixtureBySnapshot:
    """One Gaussian mixture per snapshot; at other times that of the nearest one."""

    name: ClassVar[str] = "Gaussian mixture per snapshot"
    detail: str
    times: Values
    mixtures: tuple[StaticGaussianMixture, ...]

    def log_prob(self, t: ArrayLike, x: ArrayLike) -> Values:
        """log p(x | t), shape `(rows,)`, nats."""

        def of_time(time: float, rows: Points) -> Values:
            return self.mixtures[int(np.abs(self.times - time).argmin())].log_prob(rows)

        return _time_by_time(of_time, t, x)


BY_SNAPSHOT = (NormalBySnapshot.name, GaussianMixtureBySnapshot.name)


def fit_normal_by_snapshot(train_t: ArrayLike, train_x: ArrayLike) -> NormalBySnapshot:
    """Fit one normal per snapshot, by its own rows or by those of its neighbours too.

    It is the best of three ways, for all snapshots at once:

    - each by its own rows, with correlations that are shrunk by as much as predicts held-back rows best;
    - the same covariances about means of a random walk in time, which the rows show with errors: snapshots
      at rest do not move by the error of their means;
    - covariances too are shrunk, to that within all snapshots: of many that are alike, one that is unlike them
      may come out wide.

    Each fifth of the rows of every time is predicted from the others in turn, where a row counts for at most
    three nats between two ways, so that no stray row decides. Where a time has fewer than five rows, or
    there is one time, it is the first way. No standard deviation is below a thousandth of that of all rows.

    **Arguments:** times of shape `(rows,)` and points of shape `(rows, dim)`, in any unit.
    """
    t, x = np.asarray(train_t, np.float64), as_rows(train_x)
    spread, gain = Standard.of(x).std, np.zeros(3)
    folds = list(_folds(t))
    if not folds:
        return _apart(t, x, spread)
    for held in folds:
        own, *others = (
            way.log_prob(t[held], x[held]) for way in _three_ways(t[~held], x[~held], spread)
        )
        gain[1:] += [np.clip(other - own, -_MOST_GAIN, _MOST_GAIN).sum() for other in others]
    return _three_ways(t, x, spread)[gain.argmax()]


def fit_gaussian_mixture_by_snapshot(
    train_t: ArrayLike,
    train_x: ArrayLike,
    validation_t: ArrayLike,
    validation_x: ArrayLike,
    *,
    seed: int,
) -> GaussianMixtureBySnapshot:
    """Fit one Gaussian mixture per snapshot, of 1 to 32 components as its validation rows choose.

    A column that hardly varies within a snapshot, as a gene that is not expressed yet, is a thousandth
    of the standard deviation of all rows wide there.

    **Arguments:** times of shape `(rows,)` and points of shape `(rows, dim)`, in any unit, with
    validation rows of every time.
    """
    t, x = np.asarray(train_t, np.float64), as_rows(train_x)
    held_t, held_x = np.asarray(validation_t, np.float64), as_rows(validation_x)
    times, spread = np.unique(t), Standard.of(x).std
    mixtures = tuple(
        fit_gaussian_mixture(
            x[t == time], held_x[held_t == time], seed, _standard(x[t == time], spread)
        )
        for time in times
    )
    sizes = ", ".join(fitted.detail.split()[0] for fitted in mixtures)
    detail = f"{sizes} components, nearest between"
    return GaussianMixtureBySnapshot(detail, times, mixtures)


def _standard(rows: Points, spread: Values) -> Standard:
    """Standardisation of a snapshot; that of all rows for columns that hardly vary in it."""
    own = rows.std(0)
    return Standard(rows.mean(0), np.where(own < NARROWEST * spread, spread, own))


def _log_normal(rows: Points, mean: Values, covariance: np.ndarray) -> Values:
    """Log density of a normal, whatever units its columns have: of correlations, not covariances."""
    deviation = np.sqrt(np.diagonal(covariance))
    factor = np.linalg.cholesky(covariance / deviation / deviation[:, None])
    z = solve_triangular(factor, ((rows - mean) / deviation).T, lower=True)
    volume = np.log(deviation).sum() + np.log(np.diagonal(factor)).sum()
    return -0.5 * np.sum(z**2, axis=0) - volume - 0.5 * len(mean) * np.log(2 * np.pi)


def _folds(t: Values) -> Iterator[np.ndarray]:
    """Which rows are held back: a fifth of those of every time, where each time has at least five."""
    times, which, counts = np.unique(t, return_inverse=True, return_counts=True)
    if len(times) == 1 or counts.min() < _FOLDS:
        return
    turn, random = np.empty(len(t), int), np.random.default_rng(0)
    for k, count in enumerate(counts):
        turn[which == k] = random.permutation(count) % _FOLDS
    yield from (turn == fold for fold in range(_FOLDS))


def _apart(t: Values, x: Points, spread: Values) -> NormalBySnapshot:
    """Each snapshot by its own rows."""
    times = np.unique(t)
    moments = [_moments(x[t == time], spread) for time in times]
    mean, covariance = (np.stack(part) for part in zip(*moments, strict=True))
    return NormalBySnapshot(times, mean, covariance)


def _three_ways(
    t: Values, x: Points, spread: Values
) -> tuple[NormalBySnapshot, NormalBySnapshot, NormalBySnapshot]:
    """Each snapshot by its own rows; with means smoothed in time; with shrunken covariances besides.

    There are more rows than times.
    """
    own = _apart(t, x, spread)
    _, which, counts = np.unique(t, return_inverse=True, return_counts=True)
    within = x - own.mean[which]
    _, pooled = _moments(within * np.sqrt((len(x) - 1) / (len(x) - len(counts))), spread)
    factor = np.linalg.cholesky(pooled)
    z = solve_triangular(factor, within.T, lower=True).T
    scatter = np.stack([z[which == k].T @ z[which == k] for k in range(len(counts))])
    shrunk = factor @ _shrunk(scatter, counts - 1) @ factor.T
    alike = replace(own, covariance=np.stack([_floored(part, spread) for part in shrunk]))
    return own, _smoothed(own, factor, counts), _smoothed(alike, factor, counts)


def _smoothed(normals: NormalBySnapshot, factor: np.ndarray, counts: Values) -> NormalBySnapshot:
    """Means smoothed in time, in units of the covariance within snapshots, of this Cholesky factor.

    The error of a mean has the covariance of its snapshot, over the count of its rows.
    """
    centre = solve_triangular(factor, normals.mean.T, lower=True).T
    roots = np.linalg.solve(factor, np.linalg.cholesky(normals.covariance))
    errors = roots @ roots.swapaxes(1, 2) / counts[:, None, None]
    return replace(normals, mean=smooth_random_walk(normals.times, centre, errors) @ factor.T)


def _shrunk(scatter: np.ndarray, freedom: Values) -> np.ndarray:
    """Covariances, shrunk to the identity matrix: each is as that of `rows` more, of unit covariance.

    They are posterior means under an inverse Wishart distribution, the most likely one of that mean.

    **Arguments:** sums of squares about the mean, shape `(times, dim, dim)`, of normals with these degrees
    of freedom, shape `(times,)`.
    """
    dim, values = scatter.shape[1], np.linalg.eigvalsh(scatter)
    rows = _PRIOR_ROWS[:, None]
    before = rows + dim + 1
    after = before + freedom
    volume = np.log(rows[..., None] + values).sum(-1)
    likely = multigammaln(after / 2, dim) - multigammaln(before / 2, dim)
    likely = likely + (before * dim * np.log(rows) - after * volume) / 2
    best = _PRIOR_ROWS[likely.sum(1).argmax()]
    return (best * np.eye(dim) + scatter) / (best + freedom[:, None, None])


def _moments(rows: Points, spread: Values) -> tuple[Values, np.ndarray]:
    """Mean and shrunken covariance of the rows of a snapshot; a row by itself has the spread of all."""
    mean = rows.mean(0)
    deviation = np.maximum(rows.std(0, ddof=1), NARROWEST * spread) if len(rows) > 1 else spread
    if len(rows) < _FOLDS:
        return mean, np.diag(deviation**2)
    z = (rows - mean) / deviation
    return mean, _blended(z.T @ z / len(z), _shrinkage(z), deviation)


def _floored(covariance: np.ndarray, spread: Values) -> np.ndarray:
    """No deviation is below a thousandth of the spread of all rows, no correlation nearer to 1 than of `_moments`."""
    deviation = np.sqrt(np.diagonal(covariance))
    correlation = covariance / deviation / deviation[:, None]
    return _blended(correlation, _SHRINKAGES[0], np.maximum(deviation, NARROWEST * spread))


def _blended(correlation: np.ndarray, weight: float, deviation: Values) -> np.ndarray:
    """Covariance of these deviations, its correlations shrunk by this weight of the identity matrix."""
    shrunk = (1 - weight) * correlation + weight * np.eye(len(deviation))
    unit = deviation / np.sqrt(np.diagonal(shrunk))
    return shrunk * np.outer(unit, unit)


def _shrinkage(z: Points) -> float:
    """Weight of the identity matrix in the covariance of standardised rows, by cross-validation."""
    from sklearn.model_selection import KFold

    losses = np.zeros(len(_SHRINKAGES))
    weight = _SHRINKAGES[:, None]
    for seen, left in KFold(_FOLDS, shuffle=True, random_state=0).split(z):
        # About the mean of what is seen: about that of all, five rows would tell the fifth of the others.
        centred = z - z[seen].mean(0)
        values, axes = np.linalg.eigh(centred[seen].T @ centred[seen] / len(seen))
        variances = (1 - weight) * np.maximum(values, 0) + weight
        squares = np.sum((centred[left] @ axes) ** 2, axis=0)
        losses += np.sum(len(left) * np.log(variances) + squares / variances, axis=1)
    return float(_SHRINKAGES[losses.argmin()])


def _time_by_time(of_time: Callable[[float, Points], Values], t: ArrayLike, x: ArrayLike) -> Values:
    rows = as_rows(x)
    times = np.broadcast_to(np.asarray(t, np.float64), len(rows))
    result = np.empty(len(rows))
    for time in np.unique(times):
        result[times == time] = of_time(float(time), rows[times == time])
    return result

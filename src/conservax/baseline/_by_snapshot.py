"""Densities of each snapshot by itself: a normal, or a Gaussian mixture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from sklearn.model_selection import KFold

from conservax.baseline._gaussian_mixture import StaticGaussianMixture, fit_gaussian_mixture
from conservax.baseline._rows import NARROWEST, Points, Standard, Values, as_rows

_FOLDS, _SHRINKAGES = 5, np.logspace(-6, 0, 13)


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
    """Fit one normal per snapshot.

    Correlations are shrunk, for snapshots of few rows, by as much as predicts a fifth of the rows best
    from the others; standard deviations are kept, but none is below a thousandth of that of all rows.

    **Arguments:** times of shape `(rows,)` and points of shape `(rows, dim)`, in any unit.
    """
    t, x = np.asarray(train_t, np.float64), as_rows(train_x)
    times, narrowest = np.unique(t), NARROWEST * Standard.of(x).std
    moments = [_moments(x[t == time], narrowest) for time in times]
    mean, covariance = (np.stack(part) for part in zip(*moments, strict=True))
    return NormalBySnapshot(times, mean, covariance)


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


def _moments(rows: Points, narrowest: Values) -> tuple[Values, np.ndarray]:
    """Mean and shrunken covariance of the rows of a snapshot."""
    mean, deviation = rows.mean(0), np.maximum(rows.std(0, ddof=1), narrowest)
    if len(rows) < _FOLDS:
        return mean, np.diag(deviation**2)
    z = (rows - mean) / deviation
    weight = _shrinkage(z)
    shrunk = (1 - weight) * z.T @ z / len(z) + weight * np.eye(z.shape[1])
    unit = deviation / np.sqrt(np.diagonal(shrunk))
    return mean, shrunk * np.outer(unit, unit)


def _shrinkage(z: Points) -> float:
    """Weight of the identity matrix in the covariance of standardised rows, by cross-validation."""
    losses = np.zeros(len(_SHRINKAGES))
    weight = _SHRINKAGES[:, None]
    for seen, left in KFold(_FOLDS, shuffle=True, random_state=0).split(z):
        values, axes = np.linalg.eigh(z[seen].T @ z[seen] / len(seen))
        variances = (1 - weight) * values + weight
        squares = np.sum((z[left] @ axes) ** 2, axis=0)
        losses += np.sum(len(left) * np.log(variances) + squares / variances, axis=1)
    return float(_SHRINKAGES[losses.argmin()])


def _time_by_time(of_time: Callable[[float, Points], Values], t: ArrayLike, x: ArrayLike) -> Values:
    rows = as_rows(x)
    times = np.broadcast_to(np.asarray(t, np.float64), len(rows))
    result = np.empty(len(rows))
    for time in np.unique(times):
        result[times == time] = of_time(float(time), rows[times == time])
    return result

"""Gaussian mixtures with full covariances, their size chosen on the validation rows."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from conservax.baseline._rows import NARROWEST, Points, Standard, Values, as_rows, join, thin

if TYPE_CHECKING:
    import sklearn.mixture

_COMPONENTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_STARTS = 3
_MOST_ROWS = 10_000
_MIN_ROWS_PER_COMPONENT = 2


@dataclass(frozen=True)
class StaticGaussianMixture:
    """A Gaussian mixture of the training rows.

    **Attributes:**

    - `detail`: the choice made on the validation rows.
    """

    name: ClassVar[str] = "Gaussian mixture (no time)"
    detail: str
    standard: Standard
    fitted: "sklearn.mixture.GaussianMixture"

    def log_prob(self, x: ArrayLike) -> Values:
        """log p(x), shape `(rows,)`: nats, in the units of the rows it was fitted to."""
        z = self.standard(as_rows(x))
        return self.fitted.score_samples(z) - np.log(self.standard.std).sum()

    def sample(self, rng: np.random.Generator, rows: int) -> Points:
        """Draws, shape `(rows, dim)`, in the units of the rows it was fitted to."""
        means, weights = np.asarray(self.fitted.means_), np.asarray(self.fitted.weights_)
        factors = np.linalg.cholesky(np.asarray(self.fitted.covariances_))
        which = rng.choice(len(weights), rows, p=weights / weights.sum())
        noise = rng.normal(size=(rows, means.shape[1]))
        return self.standard.restore(means[which] + np.einsum("nij,nj->ni", factors[which], noise))


@dataclass(frozen=True)
class GaussianMixtureInTime:
    """p(x | t) = p(t, x) / p(t), both from one Gaussian mixture of the pairs (t, x)."""

    name: ClassVar[str] = "Gaussian mixture (in time)"
    detail: str
    standard: Standard
    fitted: "sklearn.mixture.GaussianMixture"

    def log_prob(self, t: ArrayLike, x: ArrayLike) -> Values:
        """log p(x | t), shape `(rows,)`: nats, in the units of the rows it was fitted to."""
        z = self.standard(join(t, x))
        return _log_conditional(self.fitted, z) - np.log(self.standard.std[1:]).sum()


def fit_gaussian_mixture(
    train_x: ArrayLike, validation_x: ArrayLike, seed: int, standard: Standard | None = None
) -> StaticGaussianMixture:
    """Fit a Gaussian mixture to the training rows without their times, of 1 to 32 components.

    At most 10 000 rows of each part are used; every size starts three times from k-means.

    **Arguments:** points of shape `(rows, dim)`, in any unit: they are standardised inside, by their
    own mean and deviation or by those of `standard`.
    """
    rows = as_rows(train_x)
    standard = Standard.of(rows) if standard is None else standard
    held = thin(standard(as_rows(validation_x)), _MOST_ROWS)
    fitted = _best(standard(rows), lambda candidate: candidate.score_samples(held).mean(), seed)
    return StaticGaussianMixture(_detail(fitted), standard, fitted)


def fit_gaussian_mixture_in_time(
    train_t: ArrayLike,
    train_x: ArrayLike,
    validation_t: ArrayLike,
    validation_x: ArrayLike,
    *,
    seed: int,
) -> GaussianMixtureInTime:
    """Fit a Gaussian mixture to the pairs (t, x), its size chosen by log p(x | t).

    **Arguments:** times of shape `(rows,)` and points of shape `(rows, dim)`, in any unit.
    """
    rows = join(train_t, train_x)
    standard = Standard.of(rows)
    held = thin(standard(join(validation_t, validation_x)), _MOST_ROWS)
    score = lambda candidate: _log_conditional(candidate, held).mean()  # noqa: E731
    fitted = _best(standard(rows), score, seed)
    return GaussianMixtureInTime(_detail(fitted), standard, fitted)


def _best(
    rows: Points, score: Callable[["sklearn.mixture.GaussianMixture"], float], seed: int
) -> "sklearn.mixture.GaussianMixture":
    """The mixture with the best score, of all sizes that the rows allow."""
    from sklearn import mixture
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    rows = thin(rows, _MOST_ROWS)
    most = max(1, len(np.unique(rows, axis=0)) // _MIN_ROWS_PER_COMPONENT)

    sizes = [size for size in _COMPONENTS if size <= most]
    # One thread: on matrices this narrow, BLAS threads wait for each other and take 15 times as
    # long. And a mixture that has not converged may still be the best on the validation rows.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = [
            mixture.GaussianMixture(
                size, n_init=_STARTS, random_state=seed, reg_covar=NARROWEST**2
            ).fit(rows)
            for size in sizes
        ]
        return max(fitted, key=score)


def _log_conditional(fitted: "sklearn.mixture.GaussianMixture", rows: Points) -> Values:
    """log p(t, x) - log p(t) of standardised rows; the marginal of a mixture is a mixture."""
    from scipy.special import logsumexp
    from scipy.stats import norm

    mean, variance = np.asarray(fitted.means_)[:, 0], np.asarray(fitted.covariances_)[:, 0, 0]
    of_time = norm.logpdf(rows[:, :1], mean, np.sqrt(variance)) + np.log(
        np.asarray(fitted.weights_)
    )
    return fitted.score_samples(rows) - logsumexp(of_time, axis=1)


def _detail(fitted: "sklearn.mixture.GaussianMixture") -> str:
    size = len(np.asarray(fitted.weights_))
    return f"{size} component{'s' * (size > 1)}"

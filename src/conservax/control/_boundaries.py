"""Where a population begins and where it is to go: named distributions, samples, densities."""

import abc
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.mixture import GaussianMixture as FittedMixture

from conservax.data import DataError
from conservax.density import AbstractDensity

_DRAWS = 4000  # that stand for a density where bumps are fitted to it

Points = Float[np.ndarray, "rows dim"]


@dataclass(frozen=True)
class Bumps:
    """Normal bumps with independent coordinates: weights `(n,)`, means and deviations `(n, dim)`."""

    weights: Float[np.ndarray, " bumps"]
    means: Float[np.ndarray, "bumps dim"]
    deviations: Float[np.ndarray, "bumps dim"]


class AbstractBoundary(abc.ABC):
    """A distribution of positions, in the units of the problem."""

    @property
    @abc.abstractmethod
    def dim(self) -> int:
        """Number of coordinates."""

    @abc.abstractmethod
    def draw(self, seed: int, count: int) -> Points:
        """Independent draws, shape `(count, dim)`."""

    @abc.abstractmethod
    def bumps(self, count: int) -> Bumps:
        """At most `count` normal bumps that are the distribution, or come near to it."""


@dataclass(frozen=True)
class GaussianMixture(AbstractBoundary):
    """A mixture of normal distributions with independent coordinates; one for a plain normal.

    **Arguments:**

    - `means`: shape `(n, dim)`, or `(dim,)` for a single one.
    - `deviations`: standard deviations, whatever broadcasts to the shape of the means.
    - `weights`: of each, positive; equal by default.

    **Raises:** `DataError` for shapes that do not fit, or deviations or weights that are not
    positive.
    """

    means: Any
    deviations: Any
    weights: Any = None

    def __post_init__(self):
        means = np.atleast_2d(np.asarray(self.means, float))
        if means.ndim != 2 or not np.isfinite(means).all():
            raise DataError(f"expected finite means of shape (n, dim); got {self.means!r}.")
        given = np.asarray(self.deviations, float)
        try:
            deviations = np.broadcast_to(given, means.shape)
        except ValueError:
            raise DataError(
                f"expected deviations that fit means of shape {means.shape}; got {given.shape}."
            ) from None
        weights = np.ones(len(means)) if self.weights is None else np.asarray(self.weights, float)
        if weights.shape != (len(means),):
            raise DataError(f"expected {len(means)} weights, one a mean; got {weights.shape}.")
        if not (np.all(deviations > 0) and np.all(weights > 0)):
            raise DataError("expected deviations and weights above 0; got one that is not.")
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "deviations", deviations)
        object.__setattr__(self, "weights", weights / weights.sum())

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.means.shape[1]

    def draw(self, seed: int, count: int) -> Points:
        """Independent draws."""
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self.means), size=count, p=self.weights)
        return self.means[which] + self.deviations[which] * rng.normal(size=(count, self.dim))

    def bumps(self, count: int) -> Bumps:
        """Itself.

        **Raises:** `DataError` if these are more than `count`.
        """
        if len(self.means) > count:
            raise DataError(
                f"expected at least {len(self.means)} components, one per normal of each end; got {count}. "
                f"Use components={2 * len(self.means)} or more."
            )
        return Bumps(self.weights, self.means, self.deviations)


@dataclass(frozen=True)
class EmpiricalSample(AbstractBoundary):
    """Observed positions, shape `(rows, dim)`; draws are with replacement.

    **Raises:** `DataError` for another shape, or values that are not finite.
    """

    x: Any

    def __post_init__(self):
        x = np.asarray(self.x, float)
        if x.ndim != 2 or len(x) < 2 or not np.isfinite(x).all():
            raise DataError(
                f"expected at least two finite samples of shape (rows, dim); got {x.shape}."
            )
        object.__setattr__(self, "x", x)

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.x.shape[1]

    def draw(self, seed: int, count: int) -> Points:
        """Rows, each equally likely."""
        return self.x[np.random.default_rng(seed).integers(len(self.x), size=count)]

    def bumps(self, count: int) -> Bumps:
        """A Gaussian mixture fitted to the samples."""
        return _fitted(self.x, count)


@dataclass(frozen=True)
class DensityAt(AbstractBoundary):
    """A density of conservax at one time.

    **Arguments:**

    - `density`: any, without condition.
    - `t`: the time at which it is meant.
    """

    density: AbstractDensity
    t: float = 0.0

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.density.dim

    def draw(self, seed: int, count: int) -> Points:
        """Independent draws."""
        keys = jax.random.split(jax.random.key(seed), count)
        return np.asarray(jax.vmap(lambda k: self.density.sample(k, jnp.asarray(self.t)))(keys))

    def bumps(self, count: int) -> Bumps:
        """A Gaussian mixture fitted to draws."""
        return _fitted(self.draw(0, _DRAWS), count)


def as_boundary(given: AbstractBoundary | AbstractDensity | ArrayLike) -> AbstractBoundary:
    """A distribution, density or array of samples as an end."""
    if isinstance(given, AbstractBoundary):
        return given
    if isinstance(given, AbstractDensity):
        return DensityAt(given)
    return EmpiricalSample(given)


def _fitted(x: Points, count: int) -> Bumps:
    """As many bumps as the Bayesian information criterion likes, up to `count`."""
    sizes = [size for size in (1, 2, 4, 8, 16, 32) if size <= min(count, len(x) // 4)] or [1]
    fits = [
        FittedMixture(size, covariance_type="diag", random_state=0, reg_covar=1e-8).fit(x)
        for size in sizes
    ]
    best = min(fits, key=lambda fit: fit.bic(x))
    return Bumps(
        np.asarray(best.weights_), np.asarray(best.means_), np.sqrt(np.asarray(best.covariances_))
    )

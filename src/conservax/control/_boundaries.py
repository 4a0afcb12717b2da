"""Boundary distributions of a control problem: Gaussian mixtures, samples, densities."""

import abc
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from conservax.data import DataError
from conservax.density import AbstractDensity

_DRAWS = 4000  # from a density, to which a Gaussian mixture is fitted

Points = Float[np.ndarray, "rows dim"]


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
    def mixture(self, components: int) -> "GaussianMixture":
        """A Gaussian mixture of at most this many components, equal to the distribution or fitted to it."""


@dataclass(frozen=True)
class GaussianMixture(AbstractBoundary):
    """A mixture of normal distributions with independent coordinates, of one or more components.

    **Arguments:**

    - `means`: shape `(components, dim)`, or `(dim,)` for one component.
    - `deviations`: standard deviations, broadcast to the shape of the means.
    - `weights`: positive, one per component; equal by default.

    **Raises:** `DataError` for shapes that do not fit, or deviations or weights that are not
    positive.
    """

    means: Any
    deviations: Any
    weights: Any = None

    def __post_init__(self):
        means = np.atleast_2d(np.asarray(self.means, float))
        if means.ndim != 2 or not np.isfinite(means).all():
            raise DataError(
                f"expected finite means of shape (components, dim); got {self.means!r}."
            )
        deviations = np.asarray(self.deviations, float)
        try:
            deviations = np.broadcast_to(deviations, means.shape)
        except ValueError:
            raise DataError(
                f"expected deviations that fit means of shape {means.shape}; got "
                f"{deviations.shape}."
            ) from None
        weights = np.ones(len(means)) if self.weights is None else np.asarray(self.weights, float)
        if weights.shape != (len(means),):
            raise DataError(f"expected {len(means)} weights, one per mean; got {weights.shape}.")
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
        component = rng.choice(len(self.means), size=count, p=self.weights)
        noise = rng.normal(size=(count, self.dim))
        return self.means[component] + self.deviations[component] * noise

    def mixture(self, components: int) -> "GaussianMixture":
        """The mixture itself.

        **Raises:** `DataError` if it has more components.
        """
        if len(self.means) > components:
            raise DataError(
                f"expected at least {len(self.means)} components per boundary distribution, as "
                f"one has; got {components}. Use components={2 * len(self.means)} or more."
            )
        return self


@dataclass(frozen=True)
class EmpiricalSample(AbstractBoundary):
    """Empirical distribution of observed positions, shape `(rows, dim)`; draws are with replacement.

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

    def mixture(self, components: int) -> GaussianMixture:
        """A Gaussian mixture fitted to the samples."""
        return _fitted_mixture(self.x, components)


@dataclass(frozen=True)
class DensityAt(AbstractBoundary):
    """A density of conservax at one time.

    **Arguments:**

    - `density`: any density without a condition.
    - `t`: the time at which it is evaluated.
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

    def mixture(self, components: int) -> GaussianMixture:
        """A Gaussian mixture fitted to draws."""
        return _fitted_mixture(self.draw(0, _DRAWS), components)


def as_boundary(value: AbstractBoundary | AbstractDensity | ArrayLike) -> AbstractBoundary:
    """Convert a distribution, a density or an array of samples to a boundary distribution."""
    if isinstance(value, AbstractBoundary):
        return value
    if isinstance(value, AbstractDensity):
        return DensityAt(value)
    return EmpiricalSample(value)


def _fitted_mixture(x: Points, components: int) -> GaussianMixture:
    """Fit a Gaussian mixture; its size is the best by the Bayesian information criterion."""
    from sklearn.mixture import GaussianMixture as ScikitMixture

    sizes = [size for size in (1, 2, 4, 8, 16, 32) if size <= min(components, len(x) // 4)] or [1]
    fits = [
        ScikitMixture(size, covariance_type="diag", random_state=0, reg_covar=1e-8).fit(x)
        for size in sizes
    ]
    best = min(fits, key=lambda fit: fit.bic(x))
    return GaussianMixture(best.means_, np.sqrt(np.asarray(best.covariances_)), best.weights_)

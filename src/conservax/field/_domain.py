"""Domains of fields: all of space, a torus, or a ball with impermeable boundary."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Scalar, Vector
from conservax.nn import soft_clip


class AbstractDomain(eqx.Module):
    """A domain, and the features of a point by which fields respect it."""

    @abc.abstractmethod
    def features(self, x: Point) -> Float[Array, " features"]:
        """Inputs of a network, which tell points of the domain apart."""

    @abc.abstractmethod
    def feature_count(self, dim: int) -> int:
        """Length of `features`."""

    @abc.abstractmethod
    def boundary_cutoff(self, x: Point) -> Scalar | None:
        """A factor that is zero on the boundary and positive inside; None without a boundary."""

    @abc.abstractmethod
    def constant_fields(self, dim: int) -> Float[Array, " dim"] | None:
        """Zeros for the constant field that no row divergence gives [richterpowell2022, Theorem 2.1].

        None where it is one, or may not be: in space and in the ball.
        """

    @abc.abstractmethod
    def sample(self, key: PRNGKey, dim: int) -> Point:
        """A uniform draw from the domain, shape `(dim,)`."""


class AbstractBoundedDomain(AbstractDomain):
    """A domain with a boundary."""

    @abc.abstractmethod
    def normal(self, x: Point) -> Vector:
        """The outward unit normal at a point of the boundary, shape `(dim,)`."""

    @abc.abstractmethod
    def sample_boundary(self, key: PRNGKey, dim: int) -> Point:
        """A uniform draw from the boundary, shape `(dim,)`."""


class Euclidean(AbstractDomain):
    """All of R^dim. Networks see soft-clipped coordinates."""

    def features(self, x: Point) -> Float[Array, " features"]:
        """Soft-clipped coordinates."""
        return soft_clip(x)

    def feature_count(self, dim: int) -> int:
        """One per coordinate."""
        return dim

    def boundary_cutoff(self, x: Point) -> Scalar | None:
        """None, without a boundary."""
        return None

    def constant_fields(self, dim: int) -> Float[Array, " dim"] | None:
        """None: they are row divergences of linear matrices."""
        return None

    def sample(self, key: PRNGKey, dim: int) -> Point:
        """A standard normal draw: space has no uniform distribution."""
        return jax.random.normal(key, (dim,))


class Torus(AbstractDomain):
    """Torus: the cube [0, period]^dim with opposite sides identified.

    **Arguments:**

    - `period`: length of a side, > 0.
    - `modes`: Fourier features of every coordinate, of 1, 2, ... cycles per period.
    """

    period: float = eqx.field(static=True, default=1.0)
    modes: int = eqx.field(static=True, default=1)

    def __check_init__(self):
        if not 0 < self.period < np.inf or self.modes < 1:
            raise ValueError(
                "expected a finite period > 0 and at least one mode; got "
                f"{self.period}, {self.modes}. All of space is Euclidean()."
            )

    def features(self, x: Point) -> Float[Array, " features"]:
        """Cosines and sines, shape `(2 modes dim,)`."""
        cycles = jnp.arange(1, self.modes + 1, dtype=x.dtype)
        angles = 2 * np.pi / self.period * jnp.outer(x, cycles).ravel()
        return jnp.concatenate([jnp.cos(angles), jnp.sin(angles)])

    def feature_count(self, dim: int) -> int:
        """Two per mode and coordinate."""
        return 2 * self.modes * dim

    def boundary_cutoff(self, x: Point) -> Scalar | None:
        """None, without a boundary."""
        return None

    def constant_fields(self, dim: int) -> Float[Array, " dim"] | None:
        """The harmonic part of the Hodge decomposition."""
        return jnp.zeros(dim)

    def sample(self, key: PRNGKey, dim: int) -> Point:
        """A uniform draw from the cube."""
        return jax.random.uniform(key, (dim,), maxval=self.period)

    def check_periodic(self, name: str, values_at: Callable[[Point], Array], dim: int) -> None:
        """Compare values at one point and a period away from it along each coordinate.

        **Raises:** `ValueError` where they differ, or values are not finite.
        """
        x = jax.vmap(lambda key: self.sample(key, dim))(jax.random.split(jax.random.key(0), 8))
        around = jnp.concatenate([x, x[:1] + self.period * jnp.eye(dim, dtype=x.dtype)])
        values = jax.jit(jax.vmap(values_at))(around)
        if not jnp.isfinite(values).all():
            raise ValueError(f"expected {name} to be finite on the torus; got {values}.")
        off = jnp.max(jnp.abs(values[8:] - values[:1])) / (jnp.max(jnp.abs(values[:8])) + 1e-6)
        if off > 1e-2:
            raise ValueError(
                f"expected {name} of period {self.period}; a period away it is off by {float(off):.0%}. "
                "Give a torus of its period."
            )


class Ball(AbstractBoundedDomain):
    """Ball |x| <= radius, through whose boundary nothing flows.

    The matrix of a field is multiplied by w = 1 - |x|^2 / radius^2. On the boundary
    x . div (w A) = x . A grad w = 0, as A is antisymmetric and grad w is parallel to x.

    **Arguments:**

    - `radius`: > 0.
    """

    radius: float = eqx.field(static=True, default=1.0)

    def __check_init__(self):
        if not 0 < self.radius < np.inf:
            raise ValueError(
                f"expected a finite radius > 0; got {self.radius}. All of space is Euclidean()."
            )

    def features(self, x: Point) -> Float[Array, " features"]:
        """Coordinates over the radius."""
        return x / self.radius

    def feature_count(self, dim: int) -> int:
        """One per coordinate."""
        return dim

    def boundary_cutoff(self, x: Point) -> Scalar | None:
        """Cutoff 1 - |x|^2 / radius^2."""
        return 1 - jnp.sum((x / self.radius) ** 2)

    def constant_fields(self, dim: int) -> Float[Array, " dim"] | None:
        """None: they flow through the boundary."""
        return None

    def sample(self, key: PRNGKey, dim: int) -> Point:
        """A uniform draw from the ball."""
        direction_key, radius_key = jax.random.split(key)
        radius = jax.random.uniform(radius_key) ** (1 / dim)
        return radius * self.sample_boundary(direction_key, dim)

    def normal(self, x: Point) -> Vector:
        """Unit normal, x over its length."""
        return x / jnp.linalg.norm(x)

    def sample_boundary(self, key: PRNGKey, dim: int) -> Point:
        """A uniform draw from the sphere."""
        direction = jax.random.normal(key, (dim,))
        return self.radius * direction / jnp.linalg.norm(direction)


def check_domain(domain: AbstractDomain) -> None:
    """Check that it is a domain.

    **Raises:** `ValueError` if it is not.
    """
    if not isinstance(domain, AbstractDomain):
        raise ValueError(
            f"expected a domain, say Torus(period=1.0); got {domain}. There are Euclidean(), "
            "Torus(period) and Ball(radius)."
        )


def bounded(domain: AbstractDomain) -> AbstractBoundedDomain:
    """The domain as a bounded one.

    **Raises:** `ValueError` if it has none.
    """
    if not isinstance(domain, AbstractBoundedDomain):
        raise ValueError(
            f"expected a domain with a boundary; got {domain}, which has none. "
            "Leave the boundary condition out, or use conservax.field.Ball."
        )
    return domain

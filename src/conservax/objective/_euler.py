"""Residuals of the incompressible Euler equations of variable density, as objectives."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Scalar, Time, Vector
from conservax.field import AbstractDomain, bounded
from conservax.objective._base import AbstractObjective
from conservax.objective._collocation import CollocationPoints

# (t, x) -> (rho, rho u, p), shape (2 + dim,): a `Fluid`, or any function.
FluidFunction = Callable[[Time, Point], Float[Array, " 2+dim"]]


def euler_residual(fluid: FluidFunction, t: Time, x: Point) -> tuple[Vector, Scalar]:
    """Residuals of rho (u_t + u . grad u) + grad p = 0 and of div u = 0, shapes `(dim,)` and `()`.

    Both are free of divisions by rho: the first is multiplied by rho^2, the second, where mass
    is conserved, is rho (rho_t + u . grad rho). [richterpowell2022, (10)] prints the pressure
    with the other sign; there it is free.
    """
    point = jnp.append(jnp.asarray(t, x.dtype), x)
    values = fluid(point[0], point[1:])
    slopes = jax.jacfwd(lambda y: fluid(y[0], y[1:]))(point)
    rho, m = values[0], values[1:-1]
    rho_t, rho_x = slopes[0, 0], slopes[0, 1:]
    m_t, m_x = slopes[1:-1, 0], slopes[1:-1, 1:]
    moved = rho**2 * m_t - rho * rho_t * m + rho * (m_x @ m) - (rho_x @ m) * m
    return moved + rho**2 * slopes[-1, 1:], rho * rho_t + rho_x @ m


class EulerResidual(AbstractObjective):
    """Mean of the squares of `euler_residual` at collocation points of space and time.

    Mass is not part of it: use a fluid that conserves it, or add `ContinuityResidual`. With `causality`
    a time is weighed by exp(- causality * residuals at the times before) [wang2024], so that later
    times are learned later.

    **Arguments:**

    - `at`: points and times.
    - `momentum`, `volume`: weights of the two equations.
    - `causality`: >= 0.
    - `slices`: of time, within which points have equal weights.
    """

    at: CollocationPoints
    momentum: float = eqx.field(static=True, default=1.0)
    volume: float = eqx.field(static=True, default=1.0)
    causality: float = eqx.field(static=True, default=0.0)
    slices: int = eqx.field(static=True, default=16)
    name: ClassVar[str] = "euler"

    def __check_init__(self):
        if not self.causality >= 0 or self.slices < 1 or self.at.count % self.slices:
            raise ValueError(
                "expected causality >= 0, and slices that share the points evenly; got "
                f"{self.causality}, and {self.slices} slices of {self.at.count} points."
            )

    def __call__(self, key: PRNGKey, fluid: FluidFunction, rows: Any) -> Scalar:
        """Estimate; the rows are ignored."""
        del rows
        t, x = self.at(key)  # in the order of time
        momentum, volume = jax.vmap(lambda t, x: euler_residual(fluid, t, x))(t, x)
        error = self.momentum * jnp.sum(momentum**2, axis=1) + self.volume * volume**2
        error = jnp.mean(error.reshape(self.slices, -1), axis=1)
        weight = jnp.exp(-self.causality * (jnp.cumsum(error) - error))
        return jnp.mean(jax.lax.stop_gradient(weight) * error)


class ContinuityResidual(AbstractObjective):
    """Mean of (d_t rho + div(rho u))^2 at collocation points, for fluids that may gain or lose mass.

    **Arguments:**

    - `at`: points and times.
    """

    at: CollocationPoints
    name: ClassVar[str] = "continuity"

    def __call__(self, key: PRNGKey, fluid: FluidFunction, rows: Any) -> Scalar:
        """Estimate; the rows are ignored."""
        del rows
        t, x = self.at(key)

        def gained(t, x):
            slopes = jax.jacfwd(lambda y: fluid(y[0], y[1:])[:-1])(jnp.append(t, x))
            return jnp.trace(slopes)

        return jnp.mean(jax.vmap(gained)(t, x) ** 2)


class FluidInitialResidual(AbstractObjective):
    """Mean of density (rho - rho_0)^2 + |rho u - m_0|^2 at t = 0 at collocation points.

    **Arguments:**

    - `initial_condition`: x -> (rho_0, m_0), shape `(1 + dim,)`.
    - `at`: points; their times are ignored.
    - `density`: weight, for a density that varies less than the momentum does.
    """

    initial_condition: Callable[[Point], Float[Array, " 1+dim"]] = eqx.field(static=True)
    at: CollocationPoints
    density: float = eqx.field(static=True, default=1.0)
    name: ClassVar[str] = "initial"

    def __call__(self, key: PRNGKey, fluid: FluidFunction, rows: Any) -> Scalar:
        """Estimate; the rows are ignored."""
        del rows
        x = self.at(key)[1]
        initial = jax.vmap(lambda x: fluid(jnp.zeros((), x.dtype), x)[:-1])(x)
        error = initial - jax.vmap(self.initial_condition)(x)
        weights = jnp.ones(error.shape[1]).at[0].set(self.density)
        return jnp.mean(error**2 @ weights)


class FreeSlip(AbstractObjective):
    """Mean of (rho u . n)^2 at collocation points of the boundary [richterpowell2022, (11)].

    For fluids that may flow through it; a `Fluid` in a ball does not.

    **Arguments:**

    - `domain`, `dim`, `count`, `until`: as in `CollocationPoints`.

    **Raises:** `ValueError` if the domain has no boundary.
    """

    domain: AbstractDomain
    dim: int = eqx.field(static=True)
    count: int = eqx.field(static=True)
    until: float = eqx.field(static=True, default=1.0)
    name: ClassVar[str] = "slip"

    def __check_init__(self):
        bounded(self.domain)

    def __call__(self, key: PRNGKey, fluid: FluidFunction, rows: Any) -> Scalar:
        """Estimate; the rows are ignored."""
        del rows
        domain = bounded(self.domain)
        time_key, point_key = jax.random.split(key)
        t = self.until * jax.random.uniform(time_key, (self.count,))
        keys = jax.random.split(point_key, self.count)
        x = jax.vmap(lambda key: domain.sample_boundary(key, self.dim))(keys)
        through = jax.vmap(lambda t, x: fluid(t, x)[1:-1] @ domain.normal(x))(t, x)
        return jnp.mean(through**2)

"""The flux of a density that is pushed forward, and that of one at rest."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractDensity, DiagonalGaussianMixture, PushForward
from conservax.flux._base import AbstractFlowMapFlux, AbstractFlux, require


class ZeroFlux(AbstractFlowMapFlux):
    """No flux: the density does not depend on time."""

    needs: ClassVar[type[AbstractDensity]] = DiagonalGaussianMixture

    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Zero, shape `(dim,)`."""
        require(density, DiagonalGaussianMixture, self)
        return jnp.zeros_like(x)

    def flow_map(
        self, density: AbstractDensity, s: Time, t: Time, x: Point, condition: Condition = None
    ) -> Point:
        """The point itself."""
        require(density, DiagonalGaussianMixture, self)
        return x


class PushForwardFlux(AbstractFlowMapFlux):
    """Flux of a density that is pushed through x = T(t, z): velocity = d_t T + dT/dz v^b(t, z).

    The continuity equation holds in any coordinates, so that this is exact for every bijection and
    every flux of the base. Particles go straight through the base: flow_map(s, t, x) =
    T(t, phi^b(T(s, .)^-1(x))).

    **Arguments:**

    - `base_flux`: of the base, with a closed flow map; by default the base rests.

    **Raises:** `TypeError` for a flux of the base without a closed flow map.
    """

    needs: ClassVar[type[AbstractDensity]] = PushForward

    base_flux: AbstractFlowMapFlux

    def __init__(self, base_flux: AbstractFlux | None = None):
        base_flux = ZeroFlux() if base_flux is None else base_flux
        if not isinstance(base_flux, AbstractFlowMapFlux):
            raise TypeError(
                f"expected a flux with a closed flow map; got {type(base_flux).__name__}. "
                "Use KnotheRosenblatt for a base that moves."
            )
        self.base_flux = base_flux

    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Velocity, shape `(dim,)`: one inverse, and one forward-mode derivative of T."""
        density = require(density, PushForward, self)
        t = jnp.asarray(t, x.dtype)
        z, _ = density.bijection.inverse_and_log_det(t, x, density.of_bijection(condition))
        moved = self.base_flux.velocity(density.base, t, z, density.of_base(condition))
        seen = density.of_bijection(condition)
        push = lambda t, z: density.bijection.forward_and_log_det(t, z, seen)[0]  # noqa: E731
        return jax.jvp(push, (t, z), (jnp.ones_like(t), moved))[1]

    def flow_map(
        self, density: AbstractDensity, s: Time, t: Time, x: Point, condition: Condition = None
    ) -> Point:
        """Push forward of x from s to t: back to the base, along with it, and forward again."""
        density = require(density, PushForward, self)
        z, _ = density.bijection.inverse_and_log_det(s, x, density.of_bijection(condition))
        z = self.base_flux.flow_map(density.base, s, t, z, density.of_base(condition))
        return density.bijection.forward_and_log_det(t, z, density.of_bijection(condition))[0]

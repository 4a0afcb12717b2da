"""The flux of independent coordinates: each moves along its own quantiles."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractDensity, AbstractFactorizedDensity
from conservax.flux._base import AbstractFlowMapFlux, require


class FactorizedFlux(AbstractFlowMapFlux):
    """Flux of a factorized density, velocity_i = -d_t F_i / f_i [hua2025, (26)].

    A gradient field, so kinetically optimal. The same as
    `KnotheRosenblatt` on a factorized density, all coordinates at once.
    """

    needs: ClassVar[type[AbstractDensity]] = AbstractFactorizedDensity

    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Velocity of every coordinate, shape `(dim,)`."""
        density = require(density, AbstractFactorizedDensity, self)
        t = jnp.asarray(t, x.dtype)
        marginals, tangent = jax.jvp(
            lambda t: density.marginals(t, condition), (t,), (jnp.ones_like(t),)
        )
        return marginals.velocity(tangent, x)

    def flow_map(
        self,
        density: AbstractDensity,
        s: Time,
        t: Time,
        x: Point,
        condition: Condition = None,
    ) -> Point:
        """The point with the same marginal quantiles at time t."""
        density = require(density, AbstractFactorizedDensity, self)
        log_odds = density.marginals(s, condition).log_odds(x)
        return density.marginals(t, condition).from_log_odds(log_odds)

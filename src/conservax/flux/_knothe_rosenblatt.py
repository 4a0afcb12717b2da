"""The default flux: every particle keeps its conditional CDF values."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractAutoregressiveDensity, AbstractDensity
from conservax.flux._base import AbstractFlowMapFlux, require
from conservax.univariate import largest_ratio


class KnotheRosenblatt(AbstractFlowMapFlux):
    """Flux of the particles that keep F(t, x_t), the vector of conditional CDFs, constant.

    (d_x F) velocity = -d_t F is lower triangular, so coordinate i moves with the derivative of
    its own conditional along (1, velocity_<i): one forward-mode pass that walks through the
    coordinates. The energy is finite and nothing flows at infinity. It is the flux (7) of
    [hua2025] with another divergence-free b than (24), and reduces to (26) where the density
    is factorized. The map itself is that of [knothe1957] and [rosenblatt1952].
    """

    needs: ClassVar[type[AbstractDensity]] = AbstractAutoregressiveDensity

    def velocity(
        self,
        density: AbstractDensity,
        t: Time,
        x: Point,
        condition: Condition = None,
    ) -> Vector:
        """Velocity of the particle at x, shape `(dim,)`."""
        density = require(density, AbstractAutoregressiveDensity, self)
        t = jnp.asarray(t, x.dtype)
        most = largest_ratio(x.dtype)

        def step(carry, i, x_i):
            state, tangent = carry
            (conditional, state), (d_conditional, tangent) = jax.jvp(
                lambda s: density.conditional(s, i), (state,), (tangent,)
            )
            # Between modes caps would multiply from coordinate to coordinate.
            v_i = jnp.clip(conditional.velocity(d_conditional, x_i), -most, most)
            carry = jax.jvp(lambda s, x_i: density.extend(s, i, x_i), (state, x_i), (tangent, v_i))
            return carry, v_i

        start = jax.jvp(lambda t: density.start(t, condition), (t,), (jnp.ones_like(t),))
        return density.walk(step, start, x)

    def flow_map(
        self,
        density: AbstractDensity,
        s: Time,
        t: Time,
        x: Point,
        condition: Condition = None,
    ) -> Point:
        """Push forward F(t, .)^{-1}(F(s, x)), through the log-odds so that tails survive.

        As accurate as F separates points: in gaps between modes the error in x_i is about
        eps / f_i, which in single precision may be more than the width of the gap.
        """
        density = require(density, AbstractAutoregressiveDensity, self)
        return density.from_log_odds(t, density.log_odds(s, x, condition), condition)

"""The flux without cancellation of spurious flux, for comparison."""

from typing import ClassVar

import jax.numpy as jnp

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractAutoregressiveDensity, AbstractDensity
from conservax.flux._base import AbstractFlux, require
from conservax.flux._time_derivatives import time_derivatives


class NaiveFlux(AbstractFlux):
    """Naive flux j = -d_t a with a of (12) [hua2025]: b = 0, all flux in the last coordinate.

    It satisfies the continuity equation and is useless: it does not vanish as x_dim grows
    (Lemma 2, the spurious flux of figure 1). `conservax.check` fails it.
    """

    needs: ClassVar[type[AbstractDensity]] = AbstractAutoregressiveDensity

    def velocity(
        self,
        density: AbstractDensity,
        t: Time,
        x: Point,
        condition: Condition = None,
    ) -> Vector:
        """Velocity, shape `(dim,)`; infinite where the density underflows."""
        density = require(density, AbstractAutoregressiveDensity, self)
        now = time_derivatives(density, t, x, condition)
        ratio = jnp.exp(now.conditionals.log_cdf(x)[-1] - now.log_pdf[-1])
        change = now.log_change[-1]
        spurious = jnp.where(change == 0, 0.0, ratio * change)  # none in one dimension
        own = now.conditionals.velocity(now.tangent, x)[-1]
        return jnp.zeros_like(x).at[-1].set(own - spurious)

    def flux(
        self,
        density: AbstractDensity,
        t: Time,
        x: Point,
        condition: Condition = None,
    ) -> Vector:
        """Flux -d_t [F_D prod_{j<D} f_j] in the last coordinate, zero elsewhere."""
        density = require(density, AbstractAutoregressiveDensity, self)
        now = time_derivatives(density, t, x, condition)
        before = jnp.exp(jnp.sum(now.log_pdf[:-1]))
        spurious = now.conditionals.cdf(x)[-1] * now.log_change[-1]
        own = now.conditionals.flux(now.tangent, x)[-1]
        return jnp.zeros_like(x).at[-1].set(before * (own - spurious))

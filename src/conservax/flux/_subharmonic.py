"""The flux of a density that is a Laplacian: minus the change of its slope."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractDensity, Subharmonic
from conservax.flux._base import AbstractFlux, require


class SubharmonicFlux(AbstractFlux):
    """Flux - d_t grad b of a density rho = laplacian b [richterpowell2022, (16), (17)].

    It is exact, and falls off like a power of the distance where the density falls off like an
    exponential: the velocity explodes there, as that of `SigmoidCancellation` does, and is capped
    far beyond where there is mass. Prefer `KnotheRosenblatt`; this is to reproduce and to compare.
    """

    needs: ClassVar[type[AbstractDensity]] = Subharmonic

    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Velocity, flux / rho, shape `(dim,)`."""
        most = -0.2 * jnp.log(jnp.finfo(x.dtype).tiny)
        log_prob = jnp.maximum(density.log_prob(t, x, condition), -most)
        return self.flux(density, t, x, condition) * jnp.exp(-log_prob)

    def flux(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Flux - d_t grad b, shape `(dim,)`."""
        density = require(density, Subharmonic, self)
        t = jnp.asarray(t, x.dtype)
        return -jax.jvp(lambda t: density.slope(t, x, condition), (t,), (jnp.ones_like(t),))[1]

"""The flux of a mixture of laws: every law moves its own share."""

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractDensity, Mixture
from conservax.flux._base import AbstractFlux, require


class MixtureFlux(AbstractFlux):
    """velocity = sum_k gamma_k rho^k / rho * velocity^k [hua2025, (27), Proposition 1].

    **Arguments:**

    - `flux`: the flux of every law, say `FactorizedFlux()`.
    """

    flux_of_law: AbstractFlux

    def __init__(self, flux: AbstractFlux):
        self.flux_of_law = flux

    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Velocities weighed by the share each law has in the density at x, shape `(dim,)`."""
        density = require(density, Mixture, self)

        def each(law):
            return law.log_prob(t, x, condition), self.flux_of_law.velocity(law, t, x, condition)

        log_prob, velocity = eqx.filter_vmap(each)(density.laws)
        return jax.nn.softmax(density.log_weights + log_prob) @ velocity

    def flux(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """sum_k gamma_k j^k, shape `(dim,)`."""
        density = require(density, Mixture, self)
        each = eqx.filter_vmap(lambda law: self.flux_of_law.flux(law, t, x, condition))
        return jnp.exp(density.log_weights) @ each(density.laws)

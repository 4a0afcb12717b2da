"""Flux of a mixture: every component moves its own mass."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Scalar, Time, Vector
from conservax.density import AbstractDensity, Mixture
from conservax.flux._base import AbstractFlux, AbstractGrowthFlux, require


class MixtureFlux(AbstractGrowthFlux):
    """Flux of a mixture, velocity = sum_k gamma_k rho^k / rho * velocity^k [hua2025, (27), Proposition 1].

    Masses n_k(t) of a mixture that grow (`Mixture(growth_modes=...)`) take the place of gamma_k:
    every component conserves its own shape, and so p = sum_k n_k rho^k has the velocity above and the
    growth rate r = sum_k n_k rho^k / p * d_t log n_k, with d_t p + div(p velocity) = r p exactly.

    **Arguments:**

    - `flux`: of every component, say `FactorizedFlux()`.
    """

    needs: ClassVar[type[AbstractDensity]] = Mixture

    component_flux: AbstractFlux

    def __init__(self, flux: AbstractFlux):
        self.component_flux = flux

    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Velocities weighed by the posterior probabilities of the components at x, shape `(dim,)`."""
        density = require(density, Mixture, self)

        def each(one):
            return one.log_prob(t, x, condition), self.component_flux.velocity(one, t, x, condition)

        log_prob, velocity = eqx.filter_vmap(each)(density.components)
        return jax.nn.softmax(density.log_weights(t) + log_prob) @ velocity

    def flux(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Flux sum_k gamma_k j^k, shape `(dim,)`."""
        density = require(density, Mixture, self)
        each = eqx.filter_vmap(lambda one: self.component_flux.flux(one, t, x, condition))
        return jnp.exp(density.log_weights(t)) @ each(density.components)

    def grows(self, density: AbstractDensity) -> bool:
        """Whether the masses of the mixture change."""
        return require(density, Mixture, self).growth_coefficients is not None

    def growth(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Scalar:
        """Growth rates weighed by the posterior probabilities of the components at x, shape `()`."""
        density = require(density, Mixture, self)
        t = jnp.asarray(t, x.dtype)
        log_prob = eqx.filter_vmap(lambda one: one.log_prob(t, x, condition))(density.components)
        rates = jax.jvp(density.log_masses, (t,), (jnp.ones_like(t),))[1]
        return jax.nn.softmax(density.log_weights(t) + log_prob) @ rates

    def log_mass(self, density: AbstractDensity, t: Time) -> Scalar:
        """Log of the total mass sum_k n_k(t), 0 at t = 0, shape `()`."""
        return jax.nn.logsumexp(require(density, Mixture, self).log_masses(t))

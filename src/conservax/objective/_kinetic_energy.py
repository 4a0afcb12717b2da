"""Kinetic energy of the population."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows
from conservax.objective._collocation import stratified_draws


class KineticEnergy(AbstractObjective):
    """Kinetic energy: the integral over t of E |u_t(x)|^2 for x ~ rho_t [hua2025, (33)].

    u is the drift: the velocity where the law has no diffusion. Least energy between fixed
    marginals is optimal transport (Benamou-Brenier); as a light weight it keeps the density from
    wiggling between observed times.

    **Arguments:**

    - `points`: draws per step; by default as many as rows in the batch, at least 256.
    """

    points: int | None = eqx.field(static=True, default=None)
    name: ClassVar[str] = "kinetic"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate, with the gradient through the draws."""
        _, drift = jax.vmap(law.sample_with_drift)(*stratified_draws(key, rows, self.points))
        return jnp.mean(jnp.sum(drift**2, axis=-1))

"""Divergence of the law from a reference process, as an objective."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.objective._base import AbstractReferenceObjective, Rows
from conservax.objective._collocation import stratified_draws
from conservax.reference import WithReference


class ReferenceEnergy(AbstractReferenceObjective):
    """Divergence from a reference: integral over t of E |u_t(x) - v(t, x)|^2 / (2 g_t^2), in nats.

    u is the drift of the law, v the reference, g the diffusion of the law, and x is drawn from rho_t.
    By Girsanov's theorem this is the Kullback-Leibler divergence of the path measure of the law from that
    of dX = v dt + g dW begun in rho_0: least between fixed marginals, it is the Schroedinger bridge.

    **Arguments:**

    - `points`: draws per step; by default as many as rows in the batch, at least 256.
    - `refine`: whether parameters of v are trained along. A population that does not yet follow
      the data spoils a good first guess: fix it in a first `Stage`, refine it in the next.

    **Raises:** `ValueError` for a law without a reference, or without diffusion.
    """

    points: int | None = eqx.field(static=True, default=None)
    refine: bool = eqx.field(static=True, default=True)
    name: ClassVar[str] = "reference"

    def __call__(self, key: PRNGKey, trained: WithReference, rows: Rows) -> Scalar:
        """Unbiased estimate, with the gradient through the draws."""
        if not isinstance(trained, WithReference):
            raise ValueError(
                f"expected a law WithReference; got a {type(trained).__name__}. Use KineticEnergy."
            )
        law, reference = trained.law, trained.reference
        if not callable(law.diffusion) and not law.diffusion:
            raise ValueError(
                "expected a law with diffusion > 0: the divergence is infinite without."
            )
        at = stratified_draws(key, rows, self.points)
        x, drift = jax.vmap(law.sample_with_drift)(*at)
        if not self.refine:
            held, rest = eqx.partition(reference, eqx.is_inexact_array)
            reference = eqx.combine(jax.lax.stop_gradient(held), rest)
        difference = drift - jax.vmap(reference)(at.t, x)
        g = jax.vmap(law.diffusion_at)(at.t)
        return jnp.mean(jnp.sum(difference**2, axis=-1) / (2 * g**2))

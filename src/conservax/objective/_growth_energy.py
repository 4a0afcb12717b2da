"""Growth energy: the mean square of the rate of births less deaths."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows
from conservax.objective._collocation import draws


class GrowthEnergy(AbstractObjective):
    """Growth energy: the integral over t of E r_t(x)^2 for x ~ rho_t, r the rate of growth.

    Beside `KineticEnergy` this is the cost of Wasserstein-Fisher-Rao (unbalanced) transport: as
    little mass as possible appears or vanishes, and the rest moves.

    **Arguments:**

    - `points`: draws per step; by default as many as rows in the batch, at least 256.
    """

    points: int | None = eqx.field(static=True, default=None)
    name: ClassVar[str] = "growth"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate, with the gradient through the draws."""
        rate = jax.vmap(law.growth)(*draws(key, law, rows, self.points)[:3])
        return jnp.mean(rate**2)

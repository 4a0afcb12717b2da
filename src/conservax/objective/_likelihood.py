"""Negative log-likelihood of the rows."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows


class NegativeLogLikelihood(AbstractObjective):
    """Mean of -log rho_t(x) over the rows, nats [hua2025, (32)].

    Rows may have weights: with weights that add up to the same for every
    snapshot it is the mean over snapshots of the mean over their rows, as in (33).
    """

    name: ClassVar[str] = "nll"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Cross entropy of the batch."""
        log_prob = jax.vmap(law.log_prob)(rows.t, rows.x, rows.condition)
        return -jnp.mean(log_prob if rows.weight is None else rows.weight * log_prob)

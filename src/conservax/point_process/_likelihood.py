"""The likelihood of whole windows of events."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.objective import AbstractObjective
from conservax.point_process._event_law import EventLaw, Sequences


class SequenceLikelihood(AbstractObjective):
    """Negative log-likelihood of the windows of a batch, in nats per event."""

    name: ClassVar[str] = "nll"

    def __call__(self, key: PRNGKey, law: EventLaw, rows: Sequences) -> Scalar:
        """Mean over the events, of times and locations together."""
        del key
        terms = jax.vmap(law.log_prob)(*rows)
        return -jnp.sum(terms.temporal + terms.spatial) / jnp.maximum(jnp.sum(rows.length), 1)

"""When and where the next event comes, given the events so far: an exact joint density."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from conservax._types import PRNGKey, Scalar
from conservax.density import LogisticMixture
from conservax.history._encoder import Encoder
from conservax.law import ConservationLaw

SHORTEST = 1e-7  # of the window: events at one time are this far apart


class Sequences(NamedTuple):
    """Events of many windows, padded to one length.

    Times are in [0, 1] of the window, in order; rows from `length` on mean nothing.
    """

    t: Float[Array, "sequences events"]
    x: Float[Array, "sequences events dim"]
    length: Int[Array, " sequences"]


class Terms(NamedTuple):
    """The log-likelihood of one window, in nats, in two parts that add up."""

    temporal: Scalar  # of the times, and of no event from the last one to the end of the window
    spatial: Scalar  # of the places, given times and the events before


class EventLaw(eqx.Module):
    """A law of whole windows of events.

    Given the events so far, the wait for the next one is a mixture of log-logistic
    distributions, and its place has the density of a conservation law whose condition is the
    memory of these events: between events, the population of possible next places moves with
    that law. Both densities are exact, so the likelihood of a window is a sum, and drawing the next
    event needs no thinning.

    **Arguments:**

    - `law`: of the places, with a condition as long as the memory of the encoder.
    - `encoder`: the memory.
    - `components`: log-logistics of the wait.
    - `key`: for the layer that gives them.
    """

    law: ConservationLaw
    encoder: Encoder
    wait: eqx.nn.Linear

    def __init__(
        self, law: ConservationLaw, encoder: Encoder, *, components: int = 8, key: PRNGKey
    ):
        if law.condition_dim != encoder.memory:
            raise ValueError(
                f"expected a law with a condition as long as the memory, {encoder.memory}; "
                f"got {law.condition_dim}."
            )
        self.law, self.encoder = law, encoder
        wait = eqx.nn.Linear(encoder.memory, 3 * components, key=key)
        # Waits from a ten-thousandth of the window to all of it.
        start = jnp.concatenate(
            [jnp.zeros(components), jnp.linspace(-9.0, 0.0, components), jnp.zeros(components)]
        )
        self.wait = eqx.tree_at(lambda layer: layer.bias, wait, start.astype(wait.weight.dtype))

    @property
    def dim(self) -> int:
        """Dimension of a place."""
        return self.law.dim

    def log_wait(self, memory: Float[Array, " memory"]) -> LogisticMixture:
        """Distribution of the logarithm of the wait for the next event, in windows."""
        logits, mean, log_scale = jnp.split(self.wait(memory), 3)
        return LogisticMixture(jax.nn.log_softmax(logits), mean, 3 * jnp.tanh(log_scale / 3))

    def log_prob(
        self,
        t: Float[Array, " events"],
        x: Float[Array, "events dim"],
        length: Int[Array, ""] | int | None = None,
    ) -> Terms:
        """Log-likelihood of one window, of which the first `length` events are meant, all by default."""
        events = t.shape[0]
        there = jnp.arange(events) < (events if length is None else length)
        # Padding that is finite, for the gradient's sake.
        t, x = jnp.where(there, t, 1.0), jnp.where(there[:, None], x, 0.0)
        log_waits = _log_wait(jnp.diff(t, prepend=0.0))
        memory = self.encoder(log_waits, t, x)
        before, last = memory[:-1], memory[jnp.sum(there)]

        def one(memory, log_wait, t, x):
            spatial = self.law.log_prob(t, x, memory)
            return self.log_wait(memory).log_pdf(log_wait) - log_wait, spatial

        temporal, spatial = jax.vmap(one)(before, log_waits, t, x)
        end = jnp.max(jnp.where(there, t, 0.0), initial=0.0)
        silence = self.log_wait(last).log_survival(_log_wait(1 - end))
        return Terms(
            jnp.sum(jnp.where(there, temporal, 0.0)) + silence,
            jnp.sum(jnp.where(there, spatial, 0.0)),
        )


def _log_wait(wait: Array) -> Array:
    return jnp.log(jnp.maximum(wait, SHORTEST))

"""The memory: past events as one vector."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Scalar, Time
from conservax.density import features_a_coordinate, point_features

WAVES = 3


class Encoder(eqx.Module):
    """A gated recurrent unit [cho2014] that reads events one by one, in order of time.

    It is shown the time, the logarithm of the wait, and the place as waves. The memory before
    the first event is learned.
    """

    cell: eqx.nn.GRUCell
    first: Float[Array, " memory"]

    def __init__(self, dim: int, memory: int, *, key: PRNGKey):
        self.cell = eqx.nn.GRUCell(2 + dim * features_a_coordinate(WAVES), memory, key=key)
        self.first = jnp.zeros(memory)

    @property
    def memory(self) -> int:
        """Length of the memory."""
        return self.first.shape[0]

    def read(self, memory: Array, log_wait: Scalar, t: Time, x: Point) -> Float[Array, " memory"]:
        """The memory after one more event."""
        event = jnp.concatenate(
            [jnp.stack([0.1 * log_wait, 2 * t - 1]), point_features(x, WAVES).ravel()]
        )
        return self.cell(event, memory)

    def __call__(
        self,
        log_wait: Float[Array, " events"],
        t: Float[Array, " events"],
        x: Float[Array, "events dim"],
    ) -> Float[Array, "before memory"]:
        """The memory before every event and after the last, one row more than there are events."""

        def step(memory, event):
            memory = self.read(memory, *event)
            return memory, memory

        _, after = jax.lax.scan(step, self.first, (log_wait, t, x))
        return jnp.concatenate([self.first[None], after])

"""The memory: past events as one vector."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Scalar, Time
from conservax.nn import features_per_coordinate, fourier_features

WAVES = 3
WAIT_SCALE = 0.25  # of the logarithm, against that of other features
TINY = 1e-6


class Encoder(eqx.Module):
    """A gated recurrent unit [cho2014] that reads events one by one, in order of time.

    It is shown the time, the logarithm of the wait, and the place as waves. What it remembers is
    the state of the unit, then, for each of the last `echoes` events: how long before the last
    one it was (as a share of itself and a typical wait), whether there was one, and its place, as
    `KernelMixture` takes them.

    **Arguments:**

    - `dim`: of a place.
    - `state`: length of the state of the unit.
    - `echoes`: how many events are kept as they are.
    """

    cell: eqx.nn.GRUCell
    first_state: Float[Array, " state"]
    dim: int = eqx.field(static=True)
    echoes: int = eqx.field(static=True)

    def __init__(self, dim: int, state: int, *, echoes: int = 0, key: PRNGKey):
        self.cell = eqx.nn.GRUCell(2 + dim * features_per_coordinate(WAVES), state, key=key)
        self.first_state = jnp.zeros(state)
        self.dim, self.echoes = dim, echoes

    @property
    def memory(self) -> int:
        """Length of the memory."""
        return self.first_state.shape[0] + self.echoes * (2 + self.dim)

    @property
    def first(self) -> Float[Array, " memory"]:
        """The memory before the first event: a learned state, and no event."""
        return jnp.pad(self.first_state, (0, self.memory - len(self.first_state)))

    def read(self, memory: Array, log_wait: Scalar, t: Time, x: Point) -> Float[Array, " memory"]:
        """The memory after one more event; `log_wait` is that of the wait over a typical one."""
        features = [
            jnp.stack([WAIT_SCALE * log_wait, 2 * t - 1]),
            fourier_features(x, WAVES).ravel(),
        ]
        state, echoes = jnp.split(memory, [len(self.first_state)])
        state = self.cell(jnp.concatenate(features), state)
        if not self.echoes:
            return state
        age, there, places = jnp.split(echoes, [self.echoes, 2 * self.echoes])
        # An age a typical wait older is a / (1 - a) larger by one; that of nothing stays 1.
        grown = 1 / (1 + 1 / (age / jnp.maximum(1 - age, TINY) + jnp.exp(log_wait)))
        age = jnp.pad(jnp.where(there > 0, grown, 1.0)[:-1], (1, 0))
        there = jnp.pad(there[:-1], (1, 0), constant_values=1.0)
        places = jnp.concatenate([x, places[: -self.dim]])
        return jnp.concatenate([state, age, there, places])

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

"""Recurrent encoder of the past events: the hidden state of a point process."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Scalar, Time
from conservax.nn import features_per_coordinate, fourier_features

MODES = 3
INTERVAL_SCALE = 0.25  # of the logarithm, against that of other features
TINY = 1e-6


class Encoder(eqx.Module):
    """A gated recurrent unit [cho2014] that reads events one by one, in order of time.

    Its inputs are the time, the logarithm of the inter-event time, and Fourier features of the location.
    The hidden state is the state of the unit, then, for each of the last `triggering` events: how long
    before the last one it was (as a fraction of itself and a typical inter-event time), whether there was
    one, and its location, as `KernelMixture` takes them.

    **Arguments:**

    - `dim`: dimension of a location.
    - `state`: length of the state of the unit.
    - `triggering`: how many of the last events are kept as they are.
    """

    cell: eqx.nn.GRUCell
    first_state: Float[Array, " state"]
    dim: int = eqx.field(static=True)
    triggering: int = eqx.field(static=True)

    def __init__(self, dim: int, state: int, *, triggering: int = 0, key: PRNGKey):
        self.cell = eqx.nn.GRUCell(2 + dim * features_per_coordinate(MODES), state, key=key)
        self.first_state = jnp.zeros(state)
        self.dim, self.triggering = dim, triggering

    @property
    def hidden_size(self) -> int:
        """Length of the hidden state, the last events included."""
        return self.first_state.shape[0] + self.triggering * (2 + self.dim)

    @property
    def first(self) -> Float[Array, " hidden"]:
        """Hidden state before the first event: a learned state, and no event."""
        return jnp.pad(self.first_state, (0, self.hidden_size - len(self.first_state)))

    def read(
        self, hidden: Array, log_interval: Scalar, t: Time, x: Point
    ) -> Float[Array, " hidden"]:
        """Hidden state after one more event.

        `log_interval` is the logarithm of the inter-event time over a typical one.
        """
        features = [
            jnp.stack([INTERVAL_SCALE * log_interval, 2 * t - 1]),
            fourier_features(x, MODES).ravel(),
        ]
        state, last = jnp.split(hidden, [len(self.first_state)])
        state = self.cell(jnp.concatenate(features), state)
        if not self.triggering:
            return state
        age, there, locations = jnp.split(last, [self.triggering, 2 * self.triggering])
        # For an age one typical interval older a / (1 - a) is larger by one; that of nothing stays 1.
        grown = 1 / (1 + 1 / (age / jnp.maximum(1 - age, TINY) + jnp.exp(log_interval)))
        age = jnp.pad(jnp.where(there > 0, grown, 1.0)[:-1], (1, 0))
        there = jnp.pad(there[:-1], (1, 0), constant_values=1.0)
        locations = jnp.concatenate([x, locations[: -self.dim]])
        return jnp.concatenate([state, age, there, locations])

    def __call__(
        self,
        log_interval: Float[Array, " events"],
        t: Float[Array, " events"],
        x: Float[Array, "events dim"],
    ) -> Float[Array, "before hidden"]:
        """Hidden state before every event and after the last: one row more than there are events."""

        def step(hidden, event):
            hidden = self.read(hidden, *event)
            return hidden, hidden

        _, after = jax.lax.scan(step, self.first, (log_interval, t, x))
        return jnp.concatenate([self.first[None], after])

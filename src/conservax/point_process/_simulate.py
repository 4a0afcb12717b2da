"""New windows of events, event by event."""

import jax
import jax.numpy as jnp

from conservax._programs import program
from conservax._types import PRNGKey
from conservax.point_process._event_law import EventLaw, Sequences

WINDOWS_AT_ONCE = 256  # bounds memory


@program()
def simulate(law: EventLaw, key: PRNGKey, sequences: int, *, most_events: int) -> Sequences:
    """Draw whole windows, exactly: each event from its closed conditional density.

    **Arguments:**

    - `sequences`: how many.
    - `most_events`: longer windows are cut off there (their `length` is `most_events`).
    """

    def window(key):
        def step(carry, key):
            hidden, now = carry
            interval, x = law.draw(hidden, key)
            then = now + interval
            t = jnp.minimum(then, 1.0)
            return (law.encoder.read(hidden, law.relative(interval), t, x), then), (then, x)

        start = (law.encoder.first, jnp.zeros((), law.encoder.first.dtype))
        keys = jax.random.split(key, most_events)
        t, x = jax.lax.scan(step, start, keys)[1]
        length = jnp.sum(t <= 1.0)
        return Sequences(jnp.minimum(t, 1.0), x, length)

    keys = jax.random.split(key, sequences)
    return jax.lax.map(window, keys, batch_size=min(WINDOWS_AT_ONCE, sequences))

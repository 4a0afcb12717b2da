"""When and where the next event comes, given the events so far: an exact joint density."""

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from conservax._types import Point, PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.nn import soft_clip
from conservax.point_process._encoder import Encoder
from conservax.point_process._inter_event import InterEventTime

SHORTEST = 1e-7  # of the window: events at one time are this far apart
SHARE = 0.1  # of the events that the constant rate brings at first
BEYOND = 2.0  # windows: the wait of an event that does not come


class Sequences(NamedTuple):
    """Events of many windows, padded to one length.

    Times are in [0, 1] of the window, in order; rows from `length` on mean nothing.
    """

    t: Float[Array, "sequences events"]
    x: Float[Array, "sequences events dim"]
    length: Int[Array, " sequences"]


class Terms(NamedTuple):
    """A log-likelihood, in nats, in two parts that add up."""

    temporal: Scalar  # of times; for a window also of no event from the last one to its end
    spatial: Scalar  # of places, given times and the events before


class EventLaw(eqx.Module):
    """A law of whole windows of events.

    Given the events so far, the wait for the next one is the smaller of two: a draw from a mixture
    of Weibull distributions and one from an exponential distribution. Its place has the density of a conservation law whose condition is the
    memory of these events: between events, the population of possible next places moves with
    that law, whose time runs from 0 at the last event towards 1 (`clock`). Both densities are
    exact, so the likelihood of a window is a sum, and drawing the next event needs no thinning.

    **Arguments:**

    - `law`: of the places, with a condition as long as the memory of the encoder.
    - `encoder`: the memory.
    - `typical_wait`: say the median, in windows: sets the scale of waits and of the law's time.
    - `components`: Weibull distributions of the wait.
    - `scales`: where they begin, in windows, one a component: say quantiles of the waits seen. By
      default up to ten typical waits.
    - `key`: for the layer that gives them.
    """

    law: ConservationLaw
    encoder: Encoder
    wait: eqx.nn.Linear
    typical_wait: float = eqx.field(static=True)

    def __init__(
        self,
        law: ConservationLaw,
        encoder: Encoder,
        *,
        typical_wait: float = 0.01,
        components: int = 8,
        scales: ArrayLike | None = None,
        key: PRNGKey,
    ):
        if law.condition_dim != encoder.memory:
            raise ValueError(
                f"expected a law with a condition as long as the memory, {encoder.memory}; "
                f"got {law.condition_dim}."
            )
        if not 0 < typical_wait < math.inf:
            raise ValueError(f"expected a typical wait above 0; got {typical_wait}.")
        self.law, self.encoder, self.typical_wait = law, encoder, float(typical_wait)
        wait = eqx.nn.Linear(encoder.memory, 3 * components + 1, key=key)
        start = _first_biases(typical_wait, components, scales)
        self.wait = eqx.tree_at(lambda layer: layer.bias, wait, start.astype(wait.weight.dtype))

    @property
    def dim(self) -> int:
        """Dimension of a place."""
        return self.law.dim

    def log_wait(self, memory: Float[Array, " memory"]) -> InterEventTime:
        """Distribution of the logarithm of the wait for the next event over the typical one."""
        free = self.wait(soft_clip(memory))
        return InterEventTime.bounded(free, log_window=-math.log(self.typical_wait))

    def clock(self, wait: Scalar) -> Scalar:
        """Time of the law so long after the last event: 0 at once, 1/2 after the typical wait."""
        return wait / (wait + self.typical_wait)

    def relative(self, wait: Array) -> Array:
        """Logarithm of a wait, in windows, over the typical one."""
        return jnp.log(jnp.maximum(wait, SHORTEST) / self.typical_wait)

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
        memory = self.remember(t, x)
        before, last = memory[:-1], memory[jnp.sum(there)]
        terms = jax.vmap(self.log_next)(before, jnp.diff(t, prepend=0.0), x)
        silence = self.log_wait(last).log_survival(self.relative(1 - _last(t, there)))
        return Terms(
            jnp.sum(jnp.where(there, terms.temporal, 0.0)) + silence,
            jnp.sum(jnp.where(there, terms.spatial, 0.0)),
        )

    def integrated_hazard(
        self,
        t: Float[Array, " events"],
        x: Float[Array, "events dim"],
        length: Int[Array, ""] | int | None = None,
    ) -> Float[Array, " before"]:
        """Hazard of the next event, integrated from every event to the next and to the window's end.

        Events that follow the law make these exponential with rate 1, the last one cut short by
        the end of the window (time rescaling [brown2002]). The last one stands at `length`; rows
        after it mean nothing.
        """
        events = t.shape[0]
        count = events if length is None else length
        there = jnp.arange(events) < count
        t, x = jnp.where(there, t, 1.0), jnp.where(there[:, None], x, 0.0)
        waits = jnp.append(jnp.diff(t, prepend=0.0), 0.0).at[count].set(1 - _last(t, there))
        log_survival = lambda memory, wait: self.log_wait(memory).log_survival(self.relative(wait))  # noqa: E731
        return -jax.vmap(log_survival)(self.remember(t, x), waits)

    def place_ranks(
        self,
        t: Float[Array, " events"],
        x: Float[Array, "events dim"],
        length: Int[Array, ""] | int | None = None,
    ) -> Float[Array, "events dim"]:
        """Conditional CDF values of the places, given the memory before each: uniform if right.

        Needs a law with an autoregressive density. Rows from `length` on mean nothing.
        """
        there = jnp.arange(t.shape[0]) < (t.shape[0] if length is None else length)
        t, x = jnp.where(there, t, 1.0), jnp.where(there[:, None], x, 0.0)
        waits = jnp.maximum(jnp.diff(t, prepend=0.0), SHORTEST)
        cdf = self.law.density.conditional_cdf
        return jax.vmap(cdf)(self.clock(waits), x, self.remember(t, x)[:-1])

    def remember(
        self, t: Float[Array, " events"], x: Float[Array, "events dim"]
    ) -> Float[Array, "before memory"]:
        """The memory before every event of a window and after the last."""
        return self.encoder(self.relative(jnp.diff(t, prepend=0.0)), t, x)

    def log_next(self, memory: Float[Array, " memory"], wait: Scalar, x: Point) -> Terms:
        """Log density of the next event: so long after the last one, and at this place."""
        wait = jnp.maximum(wait, SHORTEST)
        temporal = self.log_wait(memory).log_pdf(self.relative(wait)) - jnp.log(wait)
        return Terms(temporal, self.law.log_prob(self.clock(wait), x, memory))

    def log_rate(self, memory: Float[Array, " memory"], wait: Scalar, x: Point) -> Scalar:
        """Log intensity at a place, so long after the last event, where nothing came since."""
        silence = self.log_wait(memory).log_survival(self.relative(wait))
        return sum(self.log_next(memory, wait, x)) - silence

    def draw(self, memory: Float[Array, " memory"], key: PRNGKey) -> tuple[Scalar, Point]:
        """The wait for the next event, in windows and at most `BEYOND`, and its place."""
        wait_key, place_key = jax.random.split(key)
        wait = self.typical_wait * jnp.exp(self.log_wait(memory).sample(wait_key))
        wait = jnp.clip(wait, SHORTEST, BEYOND)
        return wait, self.law.sample(place_key, self.clock(wait), memory)


def _last(t: Float[Array, " events"], there: Bool[Array, " events"]) -> Scalar:
    """Time of the last event that is there, or 0."""
    return jnp.max(jnp.where(there, t, 0.0), initial=0.0)


def _first_biases(
    typical_wait: float, components: int, scales: ArrayLike | None
) -> Float[Array, " parameters"]:
    """Exponential distributions of these scales, and a constant rate far below theirs."""
    if scales is None:
        relative = jnp.linspace(-4.0, math.log(10.0), components)
    else:
        relative = jnp.log(jnp.asarray(scales) / typical_wait)
    if relative.shape != (components,):
        raise ValueError(f"expected {components} scales; got shape {relative.shape}.")
    rate = math.log(SHARE) - jnp.log(jnp.mean(jnp.exp(relative)))
    none = jnp.zeros(components)
    return jnp.concatenate([none, relative, none, rate[None]])

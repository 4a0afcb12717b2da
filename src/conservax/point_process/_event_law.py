"""Point process of the times and locations of events: an exact joint density of whole windows."""

import math
from typing import Any, NamedTuple

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
CONSTANT_FRACTION = 0.1  # of the events that the constant rate brings at first
BEYOND = 2.0  # windows: the inter-event time where no event comes


class Sequences(NamedTuple):
    """Events of many windows, padded to one length.

    Times are in [0, 1] of the window, in order; rows from `length` on are padding.
    """

    t: Float[Array, "sequences events"]
    x: Float[Array, "sequences events dim"]
    length: Int[Array, " sequences"]


class Terms(NamedTuple):
    """A log-likelihood, in nats, in two parts that add up."""

    temporal: Scalar  # of times; with the survival from the last event to the end of the window
    spatial: Scalar  # of locations, given times and the events before


class EventLaw(eqx.Module):
    """A point process with a hidden state, as an exact law of whole windows of events.

    Given the events so far, the inter-event time to the next one is the smaller of two: a draw from a
    mixture of Weibull distributions and one from an exponential distribution. Its location has the
    density of a conservation law whose condition is the hidden state: between events, the population
    of possible next locations moves with that law, whose time runs from 0 at the last event towards 1
    (`time_warp`). Both densities are exact, so the likelihood of a window is a sum, and drawing the
    next event needs no thinning.

    **Arguments:**

    - `law`: of the locations, with a condition as long as the hidden state.
    - `encoder`: from the events so far to the hidden state.
    - `typical_interval`: a typical inter-event time, say the median, in windows: the scale of
      inter-event times and of the law's time.
    - `components`: number of Weibull distributions in the mixture.
    - `scales`: where they begin, in windows, one per component: say quantiles of the inter-event
      times seen. By default up to ten typical ones.
    - `key`: for the layer that gives their parameters.
    """

    law: ConservationLaw
    encoder: Encoder
    inter_event: eqx.nn.Linear
    typical_interval: float = eqx.field(static=True)

    def __init__(
        self,
        law: ConservationLaw,
        encoder: Encoder,
        *,
        typical_interval: float = 0.01,
        components: int = 8,
        scales: ArrayLike | None = None,
        key: PRNGKey,
    ):
        if law.condition_dim != encoder.hidden_size:
            raise ValueError(
                f"expected a law with a condition as long as the hidden state, {encoder.hidden_size}; "
                f"got {law.condition_dim}."
            )
        if not 0 < typical_interval < math.inf:
            raise ValueError(f"expected typical_interval above 0; got {typical_interval}.")
        self.law, self.encoder, self.typical_interval = law, encoder, float(typical_interval)
        layer = eqx.nn.Linear(encoder.hidden_size, 3 * components + 1, key=key)
        start = _first_biases(typical_interval, components, scales)
        start = start.astype(layer.weight.dtype)
        self.inter_event = eqx.tree_at(lambda layer: layer.bias, layer, start)

    @property
    def dim(self) -> int:
        """Dimension of a location."""
        return self.law.dim

    def inter_event_time(self, hidden: Float[Array, " hidden"]) -> InterEventTime:
        """Distribution of the logarithm of the next inter-event time over the typical one."""
        free = self.inter_event(soft_clip(hidden))
        return InterEventTime.bounded(free, log_window=-math.log(self.typical_interval))

    def time_warp(self, interval: Scalar) -> Scalar:
        """Time of the law as a function of the time since the last event: 0 at once, 1/2 after the typical one."""
        return interval / (interval + self.typical_interval)

    def relative(self, interval: Array) -> Array:
        """Logarithm of an inter-event time, in windows, over the typical one."""
        return jnp.log(jnp.maximum(interval, SHORTEST) / self.typical_interval)

    def log_prob(
        self,
        t: Float[Array, " events"],
        x: Float[Array, "events dim"],
        length: Int[Array, ""] | int | None = None,
    ) -> Terms:
        """Log-likelihood of one window, of its first `length` events; by default of all."""
        events = t.shape[0]
        there = jnp.arange(events) < (events if length is None else length)
        # Padding that is finite, for the gradient's sake.
        t, x = jnp.where(there, t, 1.0), jnp.where(there[:, None], x, 0.0)
        hidden = self.hidden_states(t, x)
        before, last = hidden[:-1], hidden[jnp.sum(there)]
        terms = jax.vmap(self.log_next)(before, jnp.diff(t, prepend=0.0), x)
        log_survival = self.inter_event_time(last).log_survival(self.relative(1 - _last(t, there)))
        return Terms(
            jnp.sum(jnp.where(there, terms.temporal, 0.0)) + log_survival,
            jnp.sum(jnp.where(there, terms.spatial, 0.0)),
        )

    def integrated_hazard(
        self,
        t: Float[Array, " events"],
        x: Float[Array, "events dim"],
        length: Int[Array, ""] | int | None = None,
    ) -> Float[Array, " before"]:
        """Hazard of the next event, integrated from every event to the next and to the window's end.

        Events that follow the law make these exponential with rate 1, the last one censored by
        the end of the window (time rescaling [brown2002]). It stands at `length`; rows after it are
        padding.
        """
        events = t.shape[0]
        count = events if length is None else length
        there = jnp.arange(events) < count
        t, x = jnp.where(there, t, 1.0), jnp.where(there[:, None], x, 0.0)
        intervals = jnp.append(jnp.diff(t, prepend=0.0), 0.0).at[count].set(1 - _last(t, there))

        def log_survival(hidden, interval):
            return self.inter_event_time(hidden).log_survival(self.relative(interval))

        return -jax.vmap(log_survival)(self.hidden_states(t, x), intervals)

    def location_ranks(
        self,
        t: Float[Array, " events"],
        x: Float[Array, "events dim"],
        length: Int[Array, ""] | int | None = None,
    ) -> Float[Array, "events dim"]:
        """Conditional CDF values of the locations, given the hidden state before each: uniform if right.

        Needs a law with an autoregressive density. Rows from `length` on are padding.
        """
        there = jnp.arange(t.shape[0]) < (t.shape[0] if length is None else length)
        t, x = jnp.where(there, t, 1.0), jnp.where(there[:, None], x, 0.0)
        intervals = jnp.maximum(jnp.diff(t, prepend=0.0), SHORTEST)
        density: Any = self.law.density
        return jax.vmap(density.conditional_cdf)(
            self.time_warp(intervals), x, self.hidden_states(t, x)[:-1]
        )

    def hidden_states(
        self, t: Float[Array, " events"], x: Float[Array, "events dim"]
    ) -> Float[Array, "before hidden"]:
        """Hidden state before every event of a window and after the last."""
        return self.encoder(self.relative(jnp.diff(t, prepend=0.0)), t, x)

    def log_next(self, hidden: Float[Array, " hidden"], interval: Scalar, x: Point) -> Terms:
        """Log density of the next event: its inter-event time, and its location."""
        interval = jnp.maximum(interval, SHORTEST)
        temporal = self.inter_event_time(hidden).log_pdf(self.relative(interval)) - jnp.log(
            interval
        )
        return Terms(temporal, self.law.log_prob(self.time_warp(interval), x, hidden))

    def log_intensity(self, hidden: Float[Array, " hidden"], interval: Scalar, x: Point) -> Scalar:
        """Log conditional intensity at a location, where nothing came since the last event."""
        log_survival = self.inter_event_time(hidden).log_survival(self.relative(interval))
        return sum(self.log_next(hidden, interval, x)) - log_survival

    def draw(self, hidden: Float[Array, " hidden"], key: PRNGKey) -> tuple[Scalar, Point]:
        """Draw of the inter-event time to the next event, in windows and at most `BEYOND`, and its location."""
        interval_key, location_key = jax.random.split(key)
        interval = self.typical_interval * jnp.exp(
            self.inter_event_time(hidden).sample(interval_key)
        )
        interval = jnp.clip(interval, SHORTEST, BEYOND)
        return interval, self.law.sample(location_key, self.time_warp(interval), hidden)


def _last(t: Float[Array, " events"], there: Bool[Array, " events"]) -> Scalar:
    """Time of the last event that is not padding, or 0."""
    return jnp.max(jnp.where(there, t, 0.0), initial=0.0)


def _first_biases(
    typical_interval: float, components: int, scales: ArrayLike | None
) -> Float[Array, " parameters"]:
    """Exponential distributions of these scales, and a constant rate far below theirs."""
    if scales is None:
        relative = jnp.linspace(-4.0, math.log(10.0), components)
    else:
        relative = jnp.log(jnp.asarray(scales) / typical_interval)
    if relative.shape != (components,):
        raise ValueError(f"expected {components} scales; got shape {relative.shape}.")
    rate = math.log(CONSTANT_FRACTION) - jnp.log(jnp.mean(jnp.exp(relative)))
    none = jnp.zeros(components)
    return jnp.concatenate([none, relative, none, rate[None]])

"""A trained point process in the units of its events: likelihoods and draws of windows."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from conservax._programs import program
from conservax.check import CheckReport
from conservax.data import DataError, Events, EventSplit, Units
from conservax.density import AbstractAutoregressiveDensity
from conservax.model._base import AbstractModel
from conservax.model._event_checks import check_events
from conservax.model._settings import Settings
from conservax.model._to_law_units import FEWEST_SLOTS, sequences_in_units, slots
from conservax.point_process import EventLaw, Sequences, Terms, simulate

WINDOWS_AT_ONCE, LOCATIONS_AT_ONCE = 16, 2048  # to bound the use of memory


class LogLikelihoods(NamedTuple):
    """Log-likelihood of every window, nats, in the units of the events; the sum is that of both."""

    events: np.ndarray
    temporal: np.ndarray
    spatial: np.ndarray


class AbstractEventLawInUnits(AbstractModel):
    """A trained point process, in the units of its events.

    Windows start without a past. Densities of locations are nats per product of the units of the
    columns, those of times per unit of time: a day for timestamps.

    **Attributes:** those of `AbstractModel`; the `law` is over windows [0, 1] and standardised locations.
    """

    law: EventLaw
    split: EventSplit | None

    def __init__(
        self,
        law: EventLaw,
        units: Units,
        *,
        metrics: pd.DataFrame | None = None,
        settings: Settings | None = None,
        split: EventSplit | None = None,
    ):
        self.law, self.units, self.split = law, units, split
        self.metrics = pd.DataFrame() if metrics is None else metrics
        self.settings = Settings() if settings is None else settings

    def __repr__(self) -> str:
        return f"EventModel of {', '.join(self.columns)} in windows of {self.window:g}"

    @property
    def window(self) -> float:
        """Length of a window, in days for timestamps."""
        return self.units.time.scale

    def log_likelihood(self, events: Events) -> LogLikelihoods:
        """Exact log-likelihood of every window: of its times, and of its locations given these."""
        self._check(events)
        rows = self.rows(events)
        terms = _terms(self.law, rows)
        count = events.counts
        return LogLikelihoods(
            count,
            np.asarray(terms.temporal, np.float64) - count * np.log(self.window),
            np.asarray(terms.spatial, np.float64) - count * self.units.log_volume,
        )

    def integrated_hazards(self, events: Events) -> list[np.ndarray]:
        """Hazard from event to event of every window, and from the last one to its end.

        Of length one more than a window has events: exponential with rate 1 where the model is
        right, and the last one censored. `conservax.check.pooled_residuals` takes them.
        """
        self._check(events)
        found = np.asarray(_hazards(self.law, self.rows(events)), float)
        return [row[: count + 1] for row, count in zip(found, events.counts, strict=True)]

    def calibration(self, events: Events) -> Float[np.ndarray, "events dim"]:
        """Conditional CDF values of the locations of events, given the events before each.

        Uniform where the model is right. **Raises:** `TypeError` as `conservax.check.calibration`.
        """
        self._check(events)
        if not isinstance(self.law.law.density, AbstractAutoregressiveDensity):
            raise TypeError(
                "expected a density with conditional CDFs (AbstractAutoregressiveDensity); got "
                f"{type(self.law.law.density).__name__}."
            )
        rows = self.rows(events)
        there = np.arange(rows.t.shape[1]) < events.counts[:, None]
        return np.asarray(_location_ranks(self.law, rows), float)[there]

    def hidden_states(self, events: Events) -> Float[np.ndarray, "events hidden"]:
        """Hidden state before each event, on which the law of its location is conditioned."""
        self._check(events)
        rows = self.rows(events)
        there = np.arange(rows.t.shape[1]) < events.counts[:, None]
        return np.asarray(_hidden_states(self.law, rows))[:, :-1][there]

    def check(self, events: Events | None = None, *, seed: int = 0) -> CheckReport:
        """Check the model against windows it has not seen, and its samples against its densities.

        Rescaled inter-event times, events per window, locations given the events before, and the
        checks of `conservax.Model` of the law of locations. By default on the test windows of the
        split, or its validation windows; without any, what needs none.
        """
        return check_events(self, events, seed)

    def log_intensity(self, t: Any, x: ArrayLike, past: Any, past_x: ArrayLike) -> np.ndarray:
        """Log conditional intensity at locations x and times t, per unit of time and of volume.

        Given that nothing happened since the last event of the past. Its integral over locations is
        the hazard.

        **Arguments:**

        - `t`, `x`: times within a window, one or one per row, and locations of shape `(rows, dim)`.
        - `past`, `past_x`: times and locations of the events so far, in order, before every t.
        """
        x = np.atleast_2d(self.units.standardise(x))
        t = np.broadcast_to(np.asarray(t, float), len(x)) / self.window
        hidden, last = self._hidden_state(past, past_x)
        if np.any(t <= last):
            raise DataError(
                f"expected times after the last event, at {last * self.window:g}; "
                f"got {t.min() * self.window:g}."
            )
        rate = _log_intensities(
            self.law, hidden, *map(jnp.asarray, (self._cast(t - last), self._cast(x)))
        )
        return np.asarray(rate, float) - np.log(self.window) - self.units.log_volume

    def next_event(
        self, past: Any = (), past_x: ArrayLike | None = None, n: int = 1, *, seed: int = 0
    ) -> pd.DataFrame:
        """`n` draws of the next event after those of the past, one per row.

        Times may lie beyond the end of the window; inter-event times above two windows are cut off.
        """
        hidden, last = self._hidden_state(past, past_x)
        interval, x = _next(self.law, hidden, jax.random.split(jax.random.key(seed), n))
        columns = dict(zip(self.columns, self.units.restore(np.asarray(x)).T, strict=True))
        time = (last + np.asarray(interval, float)) * self.window
        return pd.DataFrame({self.units.time.name: time} | columns)

    def simulate(self, n: int, *, seed: int = 0, most_events: int | None = None) -> Events:
        """`n` new windows, drawn event by event from the exact conditional densities.

        `most_events` of a window, by default twice the longest one in training; longer ones are
        cut off there, and the notes say how many.
        """
        most = most_events or 2 * (self.settings.longest_window or FEWEST_SLOTS)
        drawn = simulate(self.law, jax.random.key(seed), n, most_events=most)
        there = np.arange(most) < np.asarray(drawn.length)[:, None]
        cut_off = int(np.sum(np.asarray(drawn.length) == most))
        axis = self.units.time
        return Events(
            np.asarray(drawn.t, float)[there] * self.window,
            self.units.restore(np.asarray(drawn.x, float)[there]),
            np.nonzero(there)[0],
            np.arange(n, dtype=float),
            self.window,
            self.columns,
            axis.name,
            "number",
            "simulated",
            (f"{cut_off} of {n} windows cut off after {most} events",) * bool(cut_off),
            sequence_name="window",
        )

    def read(self, source: Any) -> Events:
        """Windows of another source, read as those that the model was trained on."""
        assert self.settings.reader is not None  # windows have one
        return self.settings.reader.read(source, self.units)

    def rows(self, events: Events) -> Sequences:
        """Windows in law units, padded to one length."""
        return sequences_in_units(self.units, events, self.dtype)

    def _check(self, events: Events) -> None:
        if events.columns != self.columns or not np.isclose(events.length, self.window):
            raise DataError(
                f"{events.source}: expected {list(self.columns)} in windows of {self.window:g}; "
                f"got {list(events.columns)} in windows of {events.length:g}. Read them with "
                "`model.read`."
            )

    def _hidden_state(self, past: Any, past_x: ArrayLike | None) -> tuple[jax.Array, float]:
        """Hidden state after these events, and the time of the last one in windows."""
        t = np.asarray(past, float)
        if (
            t.ndim != 1
            or not np.isfinite(t).all()
            or np.any(np.diff(t) < 0)
            or np.any((t < 0) | (t > self.window))
        ):
            raise DataError(
                f"expected times of past events in order, from 0 to {self.window:g}; got {t}."
            )
        if not len(t):
            return self.law.encoder.first, 0.0
        if past_x is None:
            raise DataError(f"expected the locations of {len(t)} past events; got none.")
        x = np.atleast_2d(self.units.standardise(past_x))
        if len(x) != len(t):
            raise DataError(
                f"expected {len(t)} locations of past events, one per time; got {len(x)}."
            )
        t = t / self.window
        more = (0, slots(len(t)) - len(t))  # one compilation for pasts of many lengths
        rows = self._cast(np.pad(t, more, mode="edge")), self._cast(np.pad(x, (more, (0, 0))))
        return _read(self.law, *map(jnp.asarray, (*rows, len(t)))), float(t[-1])


@program()
def _terms(law: EventLaw, rows: Sequences) -> Terms:
    return jax.lax.map(lambda row: law.log_prob(*row), rows, batch_size=WINDOWS_AT_ONCE)


@program()
def _hazards(law: EventLaw, rows: Sequences) -> jax.Array:
    return jax.lax.map(lambda row: law.integrated_hazard(*row), rows, batch_size=WINDOWS_AT_ONCE)


@program()
def _location_ranks(law: EventLaw, rows: Sequences) -> jax.Array:
    return jax.lax.map(lambda row: law.location_ranks(*row), rows, batch_size=WINDOWS_AT_ONCE)


@program()
def _hidden_states(law: EventLaw, rows: Sequences) -> jax.Array:
    # Padding is read as well, after everything that is kept.
    return jax.lax.map(
        lambda row: law.hidden_states(row.t, row.x), rows, batch_size=WINDOWS_AT_ONCE
    )


@program()
def _read(law: EventLaw, t: jax.Array, x: jax.Array, events: jax.Array) -> jax.Array:
    return law.hidden_states(t, x)[events]


@program()
def _next(law: EventLaw, hidden: jax.Array, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jax.lax.map(partial(law.draw, hidden), keys, batch_size=LOCATIONS_AT_ONCE)


@program()
def _log_intensities(
    law: EventLaw, hidden: jax.Array, interval: jax.Array, x: jax.Array
) -> jax.Array:
    rate = lambda row: law.log_intensity(hidden, *row)  # noqa: E731
    return jax.lax.map(rate, (interval, x), batch_size=LOCATIONS_AT_ONCE)

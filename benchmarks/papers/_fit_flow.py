"""The time-varying flow on a data set of events: training, and nats per event."""

import dataclasses
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.papers._time_varying_flow import FlowField, FlowLikelihood, TimeVaryingFlow
from conservax.data import Events, EventSplit, Units
from conservax.objective import Rows
from conservax.train import OnChunk, Stage, Trained, Training, train

MOST_VALIDATION_ROWS = 4096  # as many as `fit` uses
ROWS_AT_ONCE = 4096

# Chosen on the validation events of the pinwheel, at about ten minutes of one core.
WIDTH, DEPTH, HARMONICS = 64, 3, 3
TOLERANCE = 1e-3
LEARNING_RATE = 5e-3
BATCH_SIZE = 256
FLOW_STEPS = {False: 3000, True: 100}


class EventRows(NamedTuple):
    """What the models of table 1 train on: rows in law units."""

    units: Units
    train: Rows
    validation: Rows


def event_rows(split: EventSplit) -> EventRows:
    """Rows of the training events and of evenly chosen validation events, standardised as by `fit`."""
    units = dataclasses.replace(Units.of(split.train.table()), time=split.train.axis)
    count = len(split.validation)
    chosen = np.linspace(0, count - 1, min(count, MOST_VALIDATION_ROWS)).astype(int)
    validation = rows_of(split.validation, units)
    return EventRows(
        units, rows_of(split.train, units), Rows(validation.t[chosen], validation.x[chosen])
    )


def rows_of(events: Events, units: Units) -> Rows:
    """All events in law units, single precision."""
    table = events.table()
    t, x = units.time.to_unit(table.t), units.standardise(table.x)
    return Rows(jnp.asarray(t, jnp.float32), jnp.asarray(x, jnp.float32))


def fit_flow(
    rows: EventRows,
    *,
    seed: int,
    quick: bool = False,
    on_chunk: OnChunk | None = None,
) -> Trained:
    """Maximum likelihood through the solver, with the settings that the validation events chose."""
    key = jax.random.key(seed)
    dim = rows.train.x.shape[1]
    flow = TimeVaryingFlow(FlowField(dim, width=WIDTH, depth=DEPTH, harmonics=HARMONICS, key=key))
    return train(
        flow,
        rows.train,
        [Stage(FLOW_STEPS[quick], FlowLikelihood(TOLERANCE))],
        key=key,
        validation=rows.validation,
        training=Training(batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE),
        on_chunk=on_chunk,
    )


def flow_nll(flow: TimeVaryingFlow, rows: Rows) -> float:
    """Mean negative log-likelihood, nats per event, by solves of little error."""
    log_prob = eqx.filter_jit(lambda flow, t, x: flow.log_prob(t, x))
    parts = [
        np.asarray(log_prob(flow, rows.t[i : i + ROWS_AT_ONCE], rows.x[i : i + ROWS_AT_ONCE]))
        for i in range(0, len(rows.t), ROWS_AT_ONCE)
    ]
    return float(-np.concatenate(parts).mean(dtype=np.float64))

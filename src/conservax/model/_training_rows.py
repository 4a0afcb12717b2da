"""Which rows a fit learns from and is judged by, and how much each of them counts."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from conservax.data import (
    DataError,
    Events,
    EventSplit,
    Split,
    Stream,
    Table,
    TimeAxis,
    are_unequal_snapshots,
    check_trainable,
    leave_out,
    snapshot_weights,
    snapshots,
    split,
    split_events,
)
from conservax.model._run import Experiment
from conservax.model._snapshot_units import SnapshotUnits

MOST_VALIDATION_ROWS = 4096


def divide(
    table: Table | Events | EventSplit,
    validation: float,
    test: float,
    seed: int,
    split_by: Literal["random", "time"],
    left_out: Any,
) -> tuple[Split, TimeAxis]:
    """The rows in three parts, and the time that the law covers; test rows are also those left out."""
    if isinstance(table, EventSplit):
        parts, axis = Split(*(part.table() for part in table)), table.train.axis
    elif isinstance(table, Events):
        check_trainable(table.table())
        dealt = split_events(table, validation=validation, test=test, by=split_by, seed=seed)
        parts, axis = Split(*(part.table() for part in dealt)), table.axis
    else:
        if split_by != "random":
            raise DataError("expected windows of events to split by time; got a table of rows.")
        check_trainable(table)
        axis = TimeAxis.of(table)
        seen, unseen = leave_out(table, left_out)
        parts = split(seen, validation=validation, test=test, seed=seed)
        parts = parts._replace(test=_merged(parts.test, unseen))
    check_trainable(parts.train)
    return parts, axis


def check_left_out(table: Table | Stream | Events | EventSplit, left_out: Any) -> None:
    """Refuse to leave times out of what is not divided by rows, or not held."""
    if np.size(left_out) and not isinstance(table, Table):
        raise DataError(
            "expected a table in memory to leave times out of; got windows of events, or a file "
            "that is streamed. Leave no time out, or raise memory_rows (--memory-rows)."
        )


def about_times(
    table: Table | Stream | Events | EventSplit, parts: Split, left_out: Any
) -> dict[str, Any]:
    """What the settings say: which times are left out, and then which are the first and the last;
    and whether to make snapshots equal.
    """
    out: list[float] = []
    if isinstance(table, Table) and np.size(left_out):
        out = np.unique(TimeAxis.of(table).parse(left_out)).tolist()
    t = np.concatenate([part.t for part in parts])
    t = t[~np.isin(t, out)]
    windows = isinstance(table, Events | EventSplit)
    equal = not windows and are_unequal_snapshots(t)
    return {
        "left_out": out,
        "equal_snapshots": equal,
        **({"fitted": [float(t.min()), float(t.max())]} if out else {}),
    }


def training_rows(model: Any, experiment: Experiment) -> Any:
    """Training rows in law units: all of them, or one block of a stream after the other."""
    dealt, train = experiment.dealt, experiment.split.train
    within = None
    if isinstance(train, Table) and snapshots(train.t) is not None:
        within = SnapshotUnits(train.t, experiment.units.standardise(train.x))

    def rows(table: Any) -> Any:
        weighed = _weighed(model, experiment, table)
        if within is None:
            return weighed
        return weighed._replace(spread=np.asarray(within.spread(table.t), weighed.t.dtype))

    return rows(train) if dealt is None else lambda number: rows(dealt.block(number))


def validation_rows(model: Any, experiment: Experiment) -> Any:
    """Validation rows in law units, evenly chosen: at most `MOST_VALIDATION_ROWS`, or so."""
    held = experiment.split.validation
    if not len(held):
        return None
    units = held.sequences if isinstance(held, Events) else len(held)
    most = max(1, MOST_VALIDATION_ROWS * units // len(held))
    chosen = np.linspace(0, units - 1, min(units, most)).astype(int)
    return _weighed(model, experiment, held.take(chosen))


def _weighed(model: Any, experiment: Experiment, table: Any) -> Any:
    """Rows in law units; those of unequal snapshots with weights, so that each time counts alike."""
    rows = model.rows(table)
    if not experiment.settings.get("equal_snapshots"):
        return rows
    return rows._replace(weight=np.asarray(snapshot_weights(table.t), rows.t.dtype))


def _merged(one: Table, other: Table) -> Table:
    """The rows of both in order of time."""
    t = np.concatenate([one.t, other.t])
    order = np.argsort(t, kind="stable")
    growth = None
    if one.growth is not None and other.growth is not None:
        growth = np.concatenate([one.growth, other.growth])
    return replace(one, t=t, x=np.concatenate([one.x, other.x]), growth=growth).take(order)

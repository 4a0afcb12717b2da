"""Training and validation rows in law units, with their weights, spreads and pairs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conservax.data import Events, Table, snapshot_weights, snapshots
from conservax.fitting._coupled_cells import CoupledCells
from conservax.fitting._dataset import Dataset
from conservax.model import rows_in_units, sequences_in_units
from conservax.models import SnapshotMoments
from conservax.objective import CoupledMatching

MOST_VALIDATION_ROWS = 4096
_LEAST_COUPLED = 30  # validation rows of a snapshot: fewer have pairs of training


def training_rows(
    dataset: Dataset, dtype: np.dtype, matching: CoupledMatching | None = None
) -> Any:
    """Training rows in law units: all of them, or a function of a number for one shard each.

    For `matching` they have pairs of coupled cells.
    """
    convert, pairs = _converter(dataset, dtype), _pairs(dataset, dtype, matching)
    if dataset.shards is None:
        return pairs(convert(dataset.split.train), 0)
    shard = dataset.shards.shard
    return lambda number: pairs(convert(shard(number)), number)


def validation_rows(
    dataset: Dataset, dtype: np.dtype, matching: CoupledMatching | None = None
) -> Any:
    """Validation rows in law units, evenly chosen: at most `MOST_VALIDATION_ROWS`, or so.

    For `matching` they have pairs of coupled cells.
    """
    held = dataset.split.validation
    if not len(held):
        return None
    units = held.sequences if isinstance(held, Events) else len(held)
    most = max(1, MOST_VALIDATION_ROWS * units // len(held))
    chosen = np.linspace(0, units - 1, min(units, most)).astype(int)
    rows = _converter(dataset, dtype)(held.take(chosen))
    if matching is None:
        return rows
    counts = [np.sum(held.t == time) for time in np.unique(dataset.split.train.t)]
    source = held if isinstance(held, Table) and min(counts) >= _LEAST_COUPLED else None
    return _pairs(dataset, dtype, matching, source)(rows, 0)


def _converter(dataset: Dataset, dtype: np.dtype) -> Callable[[Any], Any]:
    """Rows to law units; those of unequal snapshots with weights, so that all times have equal weight.

    Rows of snapshots have the widths of their snapshot.
    """
    train, moments = dataset.split.train, None
    if isinstance(train, Table) and snapshots(train.t) is not None:
        moments = SnapshotMoments(train.t, dataset.units.standardise(train.x))

    def convert(table: Table | Events) -> Any:
        if isinstance(table, Events):
            return sequences_in_units(dataset.units, table, dtype)
        rows = rows_in_units(dataset.units, table, dtype)
        if moments is not None:
            rows = rows._replace(spread=np.asarray(moments.spread(table.t), dtype))
        if not dataset.equal_snapshots:
            return rows
        return rows._replace(weight=np.asarray(snapshot_weights(table.t), dtype))

    return convert


def _pairs(
    dataset: Dataset,
    dtype: np.dtype,
    matching: CoupledMatching | None,
    source: Table | None = None,
) -> Callable[[Any, int], Any]:
    """A function that gives rows, and a seed, as many pairs of coupled cells of a table, of training by default.

    Cells are coupled once, for all shards.
    """
    table = dataset.split.train if source is None else source
    if matching is None or not isinstance(table, Table):
        return lambda rows, seed: rows
    cells = rows_in_units(dataset.units, table, dtype)
    coupled = CoupledCells(
        np.asarray(cells.t), np.asarray(cells.x), mass_penalty=matching.mass_penalty
    )
    return lambda rows, seed: rows._replace(
        pair=coupled.pairs(len(rows.t), seed=seed).astype(dtype)
    )

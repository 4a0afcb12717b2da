"""Training and validation rows in law units, with their weights."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conservax.data import Events, Table, snapshot_weights, snapshots
from conservax.fitting._coupled_pairs import coupled_pairs
from conservax.fitting._dataset import Dataset
from conservax.model import rows_in_units, sequences_in_units
from conservax.models import SnapshotMoments
from conservax.objective import CoupledMatching

MOST_VALIDATION_ROWS = 4096


def training_rows(
    dataset: Dataset, dtype: np.dtype, matching: CoupledMatching | None = None
) -> Any:
    """Training rows in law units: all of them, or a function of a number for one shard each.

    For `matching` they have pairs of coupled cells.
    """
    rows, train = _converter(dataset, dtype, matching), dataset.split.train
    spread = None
    if isinstance(train, Table) and snapshots(train.t) is not None:
        spread = SnapshotMoments(train.t, dataset.units.standardise(train.x))

    def spread_rows(table: Table | Events) -> Any:
        if spread is None:
            return rows(table)
        return rows(table)._replace(spread=np.asarray(spread.spread(table.t), dtype))

    shards = dataset.shards
    return spread_rows(train) if shards is None else lambda n: spread_rows(shards.shard(n))


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
    return _converter(dataset, dtype, matching)(held.take(chosen))


def _converter(
    dataset: Dataset, dtype: np.dtype, matching: CoupledMatching | None
) -> Callable[[Any], Any]:
    """Rows to law units; those of unequal snapshots with weights, so that all times have equal weight."""
    train = dataset.split.train

    def convert(table: Table | Events) -> Any:
        if isinstance(table, Events):
            return sequences_in_units(dataset.units, table, dtype)
        rows = rows_in_units(dataset.units, table, dtype)
        if matching is not None:
            # A few rows held out may lack a snapshot: then pairs are those of training.
            whole = set(table.t) >= set(train.t)
            source = rows if whole else rows_in_units(dataset.units, train, dtype)
            coupled = coupled_pairs(
                np.asarray(source.t),
                np.asarray(source.x),
                len(rows.t),
                mass_penalty=matching.mass_penalty,
            )
            rows = rows._replace(pair=coupled.astype(dtype))
        if not dataset.equal_snapshots:
            return rows
        return rows._replace(weight=np.asarray(snapshot_weights(table.t), dtype))

    return convert

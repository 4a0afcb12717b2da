"""Shards of a stream: training rows on disk in random parts, and a sample in memory.

Every batch of the file is shuffled and distributed over all shards, so that each shard is a fair
sample of the whole file, in whatever order the file is.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conservax.data.read._shard_file import Records, ShardFile
from conservax.data.read._stream import Stream
from conservax.data.table._errors import DataError
from conservax.data.table._moments import Moments
from conservax.data.table._split import Split, check_fractions, held_out_count
from conservax.data.table._table import Table
from conservax.data.table._time import TimeAxis
from conservax.data.table._trainable import check_trainable
from conservax.data.table._units import Units

SHARD_ROWS = 2**17
MOST_HELD_OUT = 50_000


@dataclass(frozen=True, eq=False)
class Shards:
    """Rows of a stream: training rows one shard at a time, and a sample of them in memory.

    **Attributes:**

    - `split`: validation rows, test rows, and a sample of the training rows: one shard.
    - `units`: of all training rows, over the times of all rows.
    """

    split: Split
    units: Units
    _file: ShardFile
    _seed: int

    @property
    def count(self) -> int:
        """Number of shards of training rows."""
        return self._file.shards

    @property
    def training_rows(self) -> int:
        """Training rows in all shards together."""
        return self._file.shards * self._file.rows

    def shard(self, number: int) -> Table:
        """Shard `number` of training rows, not in order of time.

        Numbers go on for ever. An epoch is `count` of them and has every training row once; the
        next has the shards in another order. Equal numbers give equal shards of equal length.
        """
        epoch, position = divmod(number, self.count)
        order = np.random.default_rng((self._seed, 1, epoch)).permutation(self.count)
        return _table(self._file.read(int(order[position])), self.split.train)


def shard(
    stream: Stream, *, validation: float, test: float = 0.0, seed: int, folder: Path | None = None
) -> Shards:
    """Read a stream once and distribute its rows over shards, the same for the same seed.

    A few rows, fewer than there are shards, are left out: all shards have one
    length.

    **Arguments:**

    - `validation`, `test`: fractions of the rows, of at most 50 000 rows each.
    - `folder`: where a file without a name keeps the training rows, 8 bytes per number, as long as
      the result lives; by default where the system has its temporary files.

    **Raises:** `DataError` for a bad value, naming column and row; for fractions outside [0, 1) or
    that leave too few rows to train on; for a column that does not vary; if the disk is full.
    """
    check_fractions(validation, test)
    held, tested = (min(held_out_count(f, len(stream)), MOST_HELD_OUT) for f in (validation, test))
    training = len(stream) - held - tested
    if training < 2:
        raise DataError(
            f"{stream.source}: expected rows left for training; got {len(stream)} rows and the "
            f"fractions validation={validation:g}, test={test:g}. Lower the fractions."
        )
    rng = np.random.default_rng((seed, 0))
    shards = -(-training // SHARD_ROWS)
    aside = rng.choice(len(stream), held + tested + training % shards, replace=False)
    kept = np.empty((len(aside), 1 + len(stream.columns)))
    file = ShardFile(folder, shards, training // shards, kept.shape[1])
    moments, start, end, first = Moments(len(stream.columns)), np.inf, -np.inf, 0
    for batch in stream.batches():
        records = np.column_stack((batch.t, batch.x))
        which = np.flatnonzero((aside >= first) & (aside < first + len(records)))
        kept[which] = records[aside[which] - first]
        rest = np.delete(records, aside[which] - first, axis=0)
        moments.add(rest[:, 1:])
        file.add(rng.permutation(rest))
        start, end = min(start, float(batch.t.min())), max(end, float(batch.t.max()))
        first += len(records)
    parts = (file.read(0), kept[:held], kept[held : held + tested])
    split = Split(*(_in_time_order(_table(part, stream)) for part in parts))
    check_trainable(split.train)
    axis = TimeAxis(stream.time_name, stream.time_kind, start, end)
    units = Units(axis, stream.columns, *moments.mean_and_std())
    return Shards(split, units, file, seed)


def _table(records: Records, schema: Table | Stream) -> Table:
    t, x = records[:, 0], records[:, 1:]
    return Table(t, x, schema.columns, schema.time_name, schema.time_kind, schema.source)


def _in_time_order(table: Table) -> Table:
    return table.take(np.argsort(table.t, kind="stable"))

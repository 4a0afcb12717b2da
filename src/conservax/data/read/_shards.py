"""A stream dealt out like cards: blocks of training rows on disk, and a sample to hold.

Every batch of the file is shuffled and dealt round to all blocks, so that each block is a fair
sample of the whole file, in whatever order the file is.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conservax.data.read._block_file import BlockFile, Cells
from conservax.data.read._stream import Stream
from conservax.data.table._errors import DataError
from conservax.data.table._moments import Moments
from conservax.data.table._split import Split, check_fractions, share
from conservax.data.table._table import Table
from conservax.data.table._time import TimeAxis
from conservax.data.table._trainable import check_trainable
from conservax.data.table._units import Units

BLOCK_ROWS = 2**17
MOST_HELD_OUT = 50_000


@dataclass(frozen=True, eq=False)
class Shards:
    """The rows of a stream: a block at a time to train on, and a sample of them to hold.

    **Attributes:**

    - `split`: validation rows, test rows, and a sample of the training rows: one block.
    - `units`: of all training rows, over the times of all rows.
    - `blocks`, `block_rows`: how many blocks there are, and the rows in each of them.
    """

    split: Split
    units: Units
    _file: BlockFile
    _seed: int

    @property
    def blocks(self) -> int:
        """How many blocks of training rows there are."""
        return self._file.blocks

    @property
    def training_rows(self) -> int:
        """Training rows in all blocks together."""
        return self._file.blocks * self._file.rows

    def block(self, number: int) -> Table:
        """Block `number` of training rows, in no order of time.

        Numbers go on for ever. An epoch is `blocks` of them and has every training row once; the
        next has the blocks in another order. Equal numbers give equal blocks of equal length.
        """
        epoch, place = divmod(number, self.blocks)
        order = np.random.default_rng((self._seed, 1, epoch)).permutation(self.blocks)
        return _table(self._file.read(int(order[place])), self.split.train)


def shard(
    stream: Stream, *, validation: float, test: float = 0.0, seed: int, folder: Path | None = None
) -> Shards:
    """Read a stream once and deal its rows out, the same way for the same seed.

    A few rows, fewer than there are blocks, are left over and go to nobody: all blocks have one
    length.

    **Arguments:**

    - `validation`, `test`: fractions of the rows, of at most 50 000 rows each.
    - `folder`: where a file without a name keeps the training rows, 8 bytes a number, as long as
      the result lives; by default where the system has its temporary files.

    **Raises:** `DataError` for a bad value, naming column and row; for fractions outside [0, 1) or
    that leave too few rows to train on; for a column that does not vary; if the disk is full.
    """
    check_fractions(validation, test)
    held, tested = (min(share(f, len(stream)), MOST_HELD_OUT) for f in (validation, test))
    training = len(stream) - held - tested
    if training < 2:
        raise DataError(
            f"{stream.source}: expected rows left for training; got {len(stream)} rows and the "
            f"fractions validation={validation:g}, test={test:g}. Lower the fractions."
        )
    rng = np.random.default_rng((seed, 0))
    blocks = -(-training // BLOCK_ROWS)
    aside = rng.choice(len(stream), held + tested + training % blocks, replace=False)
    kept = np.empty((len(aside), 1 + len(stream.columns)))
    file = BlockFile(folder, blocks, training // blocks, kept.shape[1])
    moments, start, end, first = Moments(len(stream.columns)), np.inf, -np.inf, 0
    for batch in stream.batches():
        cells = np.column_stack((batch.t, batch.x))
        which = np.flatnonzero((aside >= first) & (aside < first + len(cells)))
        kept[which] = cells[aside[which] - first]
        rest = np.delete(cells, aside[which] - first, axis=0)
        moments.add(rest[:, 1:])
        file.add(rng.permutation(rest))
        start, end = min(start, float(batch.t.min())), max(end, float(batch.t.max()))
        first += len(cells)
    parts = (file.read(0), kept[:held], kept[held : held + tested])
    split = Split(*(_in_time_order(_table(part, stream)) for part in parts))
    check_trainable(split.train)
    axis = TimeAxis(stream.time_name, stream.time_kind, start, end)
    units = Units(axis, stream.columns, *moments.mean_and_std())
    return Shards(split, units, file, seed)


def _table(cells: Cells, like: Table | Stream) -> Table:
    t, x = cells[:, 0], cells[:, 1:]
    return Table(t, x, like.columns, like.time_name, like.time_kind, like.source)


def _in_time_order(table: Table) -> Table:
    return table.take(np.argsort(table.t, kind="stable"))

"""Rows on disk in shards of equal length, filled side by side."""

import tempfile
import weakref
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from conservax.data.table._errors import DataError

Records = Float64[np.ndarray, "rows columns"]


class ShardFile:
    """Temporary file of shards, without a name: it is gone with its last owner, even if killed.

    **Arguments:**

    - `folder`: on which disk; None for where the system has its temporary files.
    - `shards`, `rows`: number of shards, and rows in each of them.
    - `columns`: numbers in a row.
    """

    def __init__(self, folder: Path | None, shards: int, rows: int, columns: int):
        self.shards, self.rows, self.columns = shards, rows, columns
        self._added = 0
        self._folder = folder or tempfile.gettempdir()
        self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, records: Records) -> None:
        """Add rows, one to each shard in turn, from where the last call stopped.

        **Raises:** `DataError` if the disk is full.
        """
        try:
            for start in range(min(self.shards, len(records))):
                slot, shard = divmod(self._added + start, self.shards)
                self._seek(shard, slot)
                self._file.write(np.ascontiguousarray(records[start :: self.shards]).data)
        except OSError as error:
            need = 8 * self.shards * self.rows * self.columns
            raise DataError(
                f"{self._folder}: expected room for {need:,} bytes of rows; got {error.strerror}. "
                "Free some, or let out or TMPDIR be on a larger disk."
            ) from error
        self._added += len(records)

    def read(self, shard: int) -> Records:
        """All rows of one shard, in the order in which they came."""
        records = np.empty((self.rows, self.columns))
        self._seek(shard, 0)
        self._file.readinto(records.data.cast("B"))
        return records

    def _seek(self, shard: int, slot: int) -> None:
        self._file.seek(8 * self.columns * (shard * self.rows + slot))

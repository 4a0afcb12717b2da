"""Rows on disk in blocks of equal length, filled side by side."""

import tempfile
import weakref
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from conservax.data.table._errors import DataError

Cells = Float64[np.ndarray, "rows cells"]


class BlockFile:
    """A file without a name: it is gone with the last who holds it, even if killed.

    **Arguments:**

    - `folder`: on which disk; None for where the system has its temporary files.
    - `blocks`, `rows`: number of blocks, and rows in each of them.
    - `cells`: numbers in a row.
    """

    def __init__(self, folder: Path | None, blocks: int, rows: int, cells: int):
        self.blocks, self.rows, self.cells = blocks, rows, cells
        self._added = 0
        self._folder = folder or tempfile.gettempdir()
        self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, cells: Cells) -> None:
        """Deal rows out, one to each block in turn, from where the last call stopped.

        **Raises:** `DataError` if the disk is full.
        """
        try:
            for start in range(min(self.blocks, len(cells))):
                slot, block = divmod(self._added + start, self.blocks)
                self._seek(block, slot)
                self._file.write(np.ascontiguousarray(cells[start :: self.blocks]).data)
        except OSError as error:
            need = 8 * self.blocks * self.rows * self.cells
            raise DataError(
                f"{self._folder}: expected room for {need:,} bytes of rows; got {error.strerror}. "
                "Free some, or let out or TMPDIR be on a larger disk."
            ) from error
        self._added += len(cells)

    def read(self, block: int) -> Cells:
        """All rows of one block, in the order in which they came."""
        cells = np.empty((self.rows, self.cells))
        self._seek(block, 0)
        self._file.readinto(cells.data.cast("B"))
        return cells

    def _seek(self, block: int, slot: int) -> None:
        self._file.seek(8 * self.cells * (block * self.rows + slot))

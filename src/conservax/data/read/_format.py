"""File format of a table: its name and suffix, its reader and its writer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from conservax.data.read._sources import Columns
from conservax.data.table._errors import DataError

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format of tables.

    **Attributes:**

    - `name`: the format in messages and help; formats that share a name are listed once.
    - `suffix`: ending of the file names, in lower case, with its dot.
    - `read`: reader, a function of the path, the requested coordinates and the number of columns to
      take of an array (both None by default) that returns the named columns. It may leave out the
      rest.
    - `write`: writer of named columns of equal length to an open file; None for read only.
    - `extra`: the optional package of the reader, and the extra of conservax that installs it.
    """

    name: str
    suffix: str
    read: Callable[[Path, Sequence[str] | None, int | None], Columns]
    write: Callable[[IO[bytes], Arrays], None] | None = None
    extra: str | None = None

    def missing_package(self, path: Path) -> DataError:
        """The error about a file whose optional package is not installed."""
        return DataError(
            f"{path}: expected the package {self.extra}, to read a file of it; got none. "
            f'Install it: pip install "conservax[{self.extra}]"'
        )

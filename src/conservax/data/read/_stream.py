"""Tables that need not fit in memory: a Parquet file, read and checked one batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow
from pyarrow import parquet

from conservax.data.read._read import choose, read_points_of, read_table, read_times, requested
from conservax.data.read._sources import Columns, broken, check_file, from_frame
from conservax.data.table._errors import DataError
from conservax.data.table._table import Table
from conservax.data.table._types import TimeKind
from conservax.data.table._units import Units

MEMORY_ROWS = 2_000_000
BATCH_ROWS = 2**17
_HEAD_ROWS = 1000  # from which the kinds of the columns are inferred


@dataclass(frozen=True)
class Stream:
    """Points stamped with times in a Parquet file, of which one batch at a time is in memory.

    **Attributes:**

    - `path`: of the file.
    - `columns`, `time_name`, `time_kind`: as in `Table`.
    - `rows`: how many there are.
    - `degrees`: whether the columns are longitude and latitude, to be checked.
    - `notes`: what was assumed, one sentence each, for the user.
    """

    path: Path
    columns: tuple[str, ...]
    time_name: str
    time_kind: TimeKind
    rows: int
    notes: tuple[str, ...] = ()
    degrees: bool = False

    def __len__(self) -> int:
        return self.rows

    @property
    def source(self) -> str:
        """Where the rows come from; errors begin with it."""
        return str(self.path)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        time: str | None = None,
        columns: Sequence[str] | None = None,
        dims: int | None = None,
        schema: Units | None = None,
        degrees: bool = False,
    ) -> Self:
        """The stream of a file. Only its first rows are read, for the kinds of its columns.

        **Arguments:** as `read_table`.

        **Raises:** `DataError` as `read_table`, for what the first rows hold.
        """
        rows = _count(path)
        if not rows:
            raise DataError(f"{path}: expected rows of data; got none. Check how it was written.")
        head = _columns(*next(_frames(path, None, _HEAD_ROWS)), path)
        name, names, notes = choose(head, requested(time, columns, schema, dims=dims))
        kind, _, zone_notes = read_times(head, name, schema and schema.time.kind)
        note = f"{rows:,} rows are read from the file a batch at a time, never held at once"
        return cls(path, names, name, kind, rows, (*notes, *zone_notes, note), degrees)

    def batches(self) -> Iterator[Table]:
        """All rows in the order of the file, checked as `read_table` does, but not sorted by time.

        **Raises:** `DataError` at the first bad value, naming column and row.
        """
        wanted = [self.time_name, *self.columns]
        for frame, first in _frames(self.path, wanted, BATCH_ROWS):
            raw = _columns(frame, first, self.path)
            _, t, _ = read_times(raw, self.time_name, self.time_kind)
            x = read_points_of(raw, self.columns, self.degrees)
            yield Table(t, x, self.columns, self.time_name, self.time_kind, self.source)


def open_table(
    source: Any,
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    dims: int | None = None,
    schema: Units | None = None,
    degrees: bool = False,
    growth: str | None = None,
    memory_rows: int = MEMORY_ROWS,
) -> Table | Stream:
    """`read_table`, but a Parquet file of more than `memory_rows` rows is left where it is.

    **Raises:** `DataError` as `read_table`.
    """
    options: dict[str, Any] = {"time": time, "columns": columns, "dims": dims}
    options |= {"schema": schema, "degrees": degrees}
    if isinstance(source, str | Path) and str(source).lower().endswith(".parquet"):
        path = Path(source).expanduser()
        if _count(path) > memory_rows:
            if growth is not None:
                raise DataError(
                    f"{path}: expected a table in memory with growth {growth!r} of each row; got a "
                    "file that is streamed. Raise memory_rows."
                )
            return Stream.open(path, **options)
    return read_table(source, **options, growth=growth)


def _count(path: Path) -> int:
    check_file(path)
    try:
        return parquet.read_metadata(path).num_rows
    except (pyarrow.ArrowException, ValueError, OSError) as error:
        raise broken(path, "a Parquet file", error) from error


def _frames(path: Path, wanted: list[str] | None, size: int) -> Iterator[tuple[pd.DataFrame, int]]:
    """Batches of rows, and the number of the first row of each, counted from 1."""
    first = 1
    try:
        # Otherwise what was read ahead is kept, or a row group is read at once: it may be the whole.
        with parquet.ParquetFile(path, buffer_size=2**20, pre_buffer=False) as file:
            for batch in file.iter_batches(size, columns=wanted):
                yield batch.to_pandas(), first
                first += batch.num_rows
    except (pyarrow.ArrowException, OSError) as error:
        raise broken(path, "a Parquet file", error) from error


def _columns(frame: pd.DataFrame, first: int, path: Path) -> Columns:
    held = from_frame(frame, str(path)).held
    index = pd.RangeIndex(first, first + len(frame))
    return Columns({name: column.set_axis(index) for name, column in held.items()}, str(path))

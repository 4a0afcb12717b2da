"""Sources of a table (files, data frames, arrays) to named columns."""

import difflib
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow

from conservax.data.table._errors import DataError
from conservax.data.table._values import as_column

_FIELDS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


def about_header(first: str, alone: bool = False) -> str:
    """Remedy where row 1 does not hold the names of the columns, "" where it may.

    `first` is what the row begins with, `alone` whether there is nothing else in it.
    """
    if first[:1] in ("#", "%"):
        return (
            f"Row 1 begins with {first[0]!r}: the names of the columns come first, so remove the "
            "lines above them, and the mark if it is before the names."
        )
    return f"Row 1 is to be the names of the columns: remove {first!r} above them." if alone else ""


class Columns(NamedTuple):
    """Named columns; the index of each holds the rows as errors name them.

    `arrays` are names that stand for several columns, as `x` for `x0`, `x1`, ...; `usual` are the
    coordinates to take where none are named, if the kind of source has such.
    """

    held: dict[str, pd.Series]
    source: str
    notes: tuple[str, ...] = ()
    arrays: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    usual: tuple[str, ...] = ()

    def where(self, name: str) -> str:
        """Where a column is, as errors name it."""
        return f"{self.source}, column {name!r}"

    def check(self, name: str) -> None:
        """Refuse a name that no column has, listing those there are."""
        if name in self.arrays:
            raise DataError(
                f"{self.source}: expected one column; got the array {name!r}. Name one of its "
                f"columns, such as {name + '0'!r}, or a column of obs."
            )
        if name not in self.held:
            close = difflib.get_close_matches(name, [*self.held, *self.arrays], n=1, cutoff=0.65)
            remedy = f"Did you mean {close[0]!r}?" if close else "Name one of these."
            arrays = f" and the arrays {list(self.arrays)}" if self.arrays else ""
            raise DataError(
                f"{self.source}: expected a column {name!r}; got {list(self.held)}{arrays}. {remedy}"
            )

    def spread(self, names: Sequence[str], dims: int | None) -> tuple[str, ...]:
        """The names, with the first `dims` columns (by default all) in place of each array.

        **Raises:** `DataError` if an array has fewer, or if no array is named to take `dims` of.
        """
        if dims is not None and not any(name in self.arrays for name in names):
            for name in names:
                self.check(name)
            raise DataError(
                f"{self.source}: expected an array among the columns {list(names)}, to take the "
                f"first {dims} of; got {list(self.arrays) or 'none'}. Leave dims out."
            )
        spread: list[str] = []
        for name in names:
            columns = self.arrays.get(name, (name,))
            if name in self.arrays and dims is not None and dims > len(columns):
                raise DataError(
                    f"{self.source}, array {name!r}: expected at least {dims} columns; got "
                    f"{len(columns)}. Lower dims."
                )
            spread += columns[: dims if name in self.arrays else None]
        return tuple(spread)


def read_file(path: Path) -> Columns:
    """The columns of a file, by its suffix.

    **Raises:** `DataError` if the file is missing, of another kind, or cannot be read as its kind.
    """
    reader = _reader(path)
    check_file(path)
    return reader(path)


def check_file(path: Path) -> None:
    """Refuse a path where there is no file, or an empty one."""
    if not path.is_file():
        got = "a folder" if path.is_dir() else "nothing there"
        raise DataError(f"{path}: expected a file; got {got}. Check the path ({path.resolve()}).")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected a table; got an empty file. Write the data again.")


def _reader(path: Path) -> Callable[[Path], Columns]:
    for suffix, reader in _READERS.items():
        if path.name.lower().endswith(suffix):
            return reader
    raise DataError(
        f"{path}: expected a file ending in {', '.join(_READERS)}, .h5ad; got "
        f"{path.suffix or 'no ending'}"
        ". Convert it, or pass a DataFrame."
    )


def from_frame(frame: pd.DataFrame, source: str = "DataFrame") -> Columns:
    """The columns of a data frame, and those of its index that have a name."""
    named = [name for name in frame.index.names if name is not None and name not in frame.columns]
    if named:
        frame = frame.reset_index(level=named)
    names = [str(name) for name in frame.columns]
    refuse_twins(names, source)
    held = {name: as_column(frame.iloc[:, i]) for i, name in enumerate(names)}
    return Columns(held, source)


def from_arrays(arrays: Mapping[Any, Any], source: str = "dict") -> Columns:
    """Columns from named arrays: `x` of shape `(rows, k)` becomes the columns `x0` ... `x{k-1}`."""
    pairs: list[tuple[str, pd.Series]] = []
    spread: dict[str, tuple[str, ...]] = {}
    notes = []
    for name, values in ((str(key), values) for key, values in arrays.items()):
        shape = _shape(values, source, name)
        if len(shape) == 1:
            pairs.append((name, as_column(values)))
        elif len(shape) == 2:
            rows = np.asanyarray(values, object if isinstance(values, list | tuple) else None)
            spread[name] = tuple(f"{name}{i}" for i in range(shape[1]))
            pairs += [(column, as_column(rows[:, i])) for i, column in enumerate(spread[name])]
        else:
            notes.append(f"array {name!r} of shape {shape} left out: not a column of a table")
    refuse_twins([name for name, _ in pairs], source)
    return Columns(dict(pairs), source, tuple(notes), spread)


def from_pair(
    t: Any, x: Any, *, time: str | None, columns: Sequence[str] | None, dims: int | None
) -> Columns:
    """Columns from times `(rows,)`, which come first, and points `(rows, dim)`, or `dims` of dim."""
    source = "arrays (t, x)"
    shapes = _shape(t, source, "t"), _shape(x, source, "x")
    if len(shapes[0]) != 1 or len(shapes[1]) not in (1, 2):
        raise DataError(
            f"{source}: expected t of shape (rows,) and x of shape (rows, dim); "
            f"got {shapes[0]} and {shapes[1]}. Flatten the leading axes."
        )
    points = np.asanyarray(x)
    points = (points[:, None] if points.ndim == 1 else points)[:, :dims]
    names = columns or [f"x{i}" for i in range(points.shape[1])]
    if len(names) != points.shape[1]:
        raise DataError(
            f"{source}: expected {len(names)} coordinates, {list(names)}; "
            f"got {points.shape[1]}. Name each column of x once."
        )
    time = time or "t"
    refuse_twins([time, *names], source)
    held = {time: as_column(t)}
    held |= {name: as_column(points[:, i]) for i, name in enumerate(names)}
    return Columns(held, source)


def _shape(values: Any, source: str, name: str) -> tuple[int, ...]:
    try:
        return np.shape(values)
    except ValueError as error:
        raise DataError(
            f"{source}, column {name!r}: expected rows of one length; got ragged ones. Align them."
        ) from error


def _read_csv(path: Path) -> Columns:
    # As text: pandas 2 rounds numbers in the last digit, and errors are to quote what is there.
    # Blank lines are kept until the rows have their numbers.
    as_text = {"dtype": str, "skip_blank_lines": False, "skipinitialspace": True}
    first = ""
    try:
        header = pd.read_csv(path, header=None, nrows=1, keep_default_na=False, **as_text)
        first = header.iloc[0, 0]
        frame = pd.read_csv(path, **as_text)
    except pd.errors.ParserError as error:
        raise _ragged(path, first, error) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected CSV text in UTF-8; got {_first_line(error)}. Save it as UTF-8."
        ) from error
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: expected CSV text; got {_first_line(error)}. Correct the file."
        ) from error
    names = header.iloc[0].tolist()
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise DataError(
            f"{path}: expected values separated by commas; got the header {names[0]!r}. "
            "Save the file with commas between values and points within numbers."
        )
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(
            f"{path}: expected one name in the header (row 1) for every value in a row; "
            f"got {_count(len(names), 'name')} and more values. "
            + (
                about_header(names[0], alone=len(names) == 1)
                or "Mend the header, or commas at line ends or within numbers."
            )
        )
    refuse_twins([name for name in names if name], str(path))
    return _numbered(frame, path)


def _ragged(path: Path, first: str, error: Exception) -> DataError:
    """The error about a row that has more values than the rows before."""
    found = _FIELDS.search(str(error))
    if found is None:
        return DataError(f"{path}: expected CSV text; got {_first_line(error)}. Correct the file.")
    expected, row, got = found.groups()
    remedy = about_header(first, alone=expected == "1")
    remedy = remedy or "Mend the row, or commas within its values."
    return DataError(
        f"{path}, row {row}: expected {_count(int(expected), 'value')}, as in the rows before; got {got}. {remedy}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)


def _numbered(frame: pd.DataFrame, path: Path) -> Columns:
    """Columns of a CSV file: rows get the line numbers of an editor, empty lines are left out."""
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    full = frame.dropna(how="all")
    empty = len(frame) - len(full)
    notes = (f"{empty} empty row{'s' * (empty > 1)} left out",) if empty else ()
    return Columns({str(name): column for name, column in full.items()}, str(path), notes)


def _read_parquet(path: Path) -> Columns:
    try:
        frame = pd.read_parquet(path)
    except (pyarrow.ArrowException, ValueError, OSError) as error:
        raise broken(path, "a Parquet file", error) from error
    return from_frame(frame, str(path))


def _read_npz(path: Path) -> Columns:
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path}: expected an .npz archive; got something else. Write it with numpy.savez."
        )
    try:
        # Never with pickle: opening a data file must not be able to run code.
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise broken(path, "arrays of numbers, text or datetime64", error) from error
    strange = [name for name, held in arrays.items() if not isinstance(held, np.ndarray)]
    if strange:
        raise DataError(f"{path}: expected arrays only; got {strange}. Write it with numpy.savez.")
    return from_arrays(arrays, str(path))


def broken(path: Path, expected: str, error: Exception) -> DataError:
    """The error about a file that its reader does not understand."""
    return DataError(
        f"{path}: expected {expected}; got a file that cannot be read "
        f"({_first_line(error)}). Write it again."
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def refuse_twins(names: Sequence[str], source: str) -> None:
    """Refuse a name that two columns have."""
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise DataError(
            f"{source}: expected every column to have its own name; got {twins} more than once. "
            "Rename them."
        )


_READERS: dict[str, Callable[[Path], Columns]] = {
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".parquet": _read_parquet,
    ".npz": _read_npz,
}

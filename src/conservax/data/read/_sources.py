"""Named columns of a source: of data frames and arrays, and checks that files share."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from conservax.data.table._errors import DataError
from conservax.data.table._values import as_column


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


def check_file(path: Path) -> None:
    """Refuse a path where there is no file, or an empty one."""
    if not path.is_file():
        got = "a folder" if path.is_dir() else "nothing there"
        raise DataError(f"{path}: expected a file; got {got}. Check the path ({path.resolve()}).")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: expected a table; got an empty file. Write the data again.")


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


def broken(path: Path, expected: str, error: Exception) -> DataError:
    """The error about a file that its reader does not understand."""
    return DataError(
        f"{path}: expected {expected}; got a file that cannot be read "
        f"({first_line(error)}). Write it again."
    )


def first_line(error: Exception) -> str:
    """The first line of the message of an error."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def refuse_twins(names: Sequence[str], source: str) -> None:
    """Refuse a name that two columns have."""
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise DataError(
            f"{source}: expected every column to have its own name; got {twins} more than once. "
            "Rename them."
        )

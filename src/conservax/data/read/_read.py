"""Readers of tables: a file, a data frame or arrays to a `Table`, or an error with the remedy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int
from numpy.typing import ArrayLike

from conservax.data.read._cells import Cells, from_cells
from conservax.data.read._formats import read_file
from conservax.data.read._sources import Columns, about_header, from_arrays, from_frame, from_pair
from conservax.data.table._advice import is_marked
from conservax.data.table._errors import DataError
from conservax.data.table._events import Events, cut_into_windows, cut_whole, gather, window_length
from conservax.data.table._table import Table
from conservax.data.table._types import Points, TimeKind, Times
from conservax.data.table._units import Units
from conservax.data.table._values import (
    may_be_coordinate,
    numbers,
    outliers,
    seconds,
    time_kind,
    uncategorised,
)

_MAX_SHOWN = 20  # outliers, by row

Source = str | Path | pd.DataFrame | Mapping[str, ArrayLike] | tuple[ArrayLike, ArrayLike] | Cells


def read_table(
    source: Source,
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    dims: int | None = None,
    schema: Units | None = None,
    degrees: bool = False,
    growth: str | None = None,
) -> Table:
    """Read points stamped with times, in time order.

    **Arguments:**

    - `source`: path of a file in one of `conservax.data.FORMATS`, such as CSV; a DataFrame; an
        AnnData object; a dictionary of arrays; or a pair of arrays `t` (rows,) and `x` (rows, dim).
        In `.npz` files and dictionaries a 2-D array `x` stands for the columns `x0`, `x1`, ...;
        in AnnData an array of `obsm`, say `X_pca`, for `X_pca0`, ..., beside the columns of `obs`.
    - `time`: the time column; default: the one called `t` or `time`, in capitals or not.
    - `columns`: the coordinates, columns or whole arrays; default: all other columns that hold
        numbers (for a pair: `x0`, `x1`, ...; for AnnData: the first 10 of `X_pca`). What was
        chosen by default is in the notes of the table.
    - `dims`: how many columns to take of each array named in `columns`, its first ones; default:
        all of them.
    - `schema`: units of a fitted model, whose names and kind of time the source must have.
    - `degrees`: whether the columns are longitude and latitude, to be checked.
    - `growth`: the column of births less deaths expected of each row, per unit of time (a day for
        timestamps), for `conservax.fit(growth=...)`; not a coordinate unless named as one.

    Times are numbers, or timestamps (ISO 8601 text, dates): these become seconds since 1970-01-01
    UTC, a time without a zone being taken as UTC. Rows are sorted by time; equal times keep their
    order.

    **Raises:** `DataError` for anything else, naming the source, the column and the row.
    """
    request = requested(time, columns, schema, dims=dims, growth=growth)
    return _read(source, request, schema, degrees, None)[0]


def read_rows(source: Source, *, schema: Units) -> Table:
    """`read_table`, but rows stay in the order of the source.

    **Raises:** `DataError` as `read_table`.
    """
    return _unsorted(source, requested(None, None, schema), schema, False, None)[0]


def read_events(
    source: Source,
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    sequence: str | None = None,
    window: float | str | None = None,
    stride: float | str | None = None,
    degrees: bool = False,
) -> Events:
    """Read events in windows of time: many sequences, or one long record to be cut.

    **Arguments:**

    - `source`, `time`, `columns`: as in `read_table`.
    - `sequence`: the column that names the sequence of each event; times then run from 0 in each.
    - `window`, `stride`: length of the windows, and from one start to the next: numbers in the unit
        of time (days for timestamps), or text such as "30d" or "12h" for timestamps. By default
        one window of the whole record, or of the longest sequence; windows follow one another.
        The first one begins at a round time, such as a day: see `cut_into_windows`.
    - `degrees`: as in `read_table`.

    Events at the same time stay in the order of the source, and are counted in the notes.

    **Raises:** `DataError` as `read_table`, for locations out of range in degrees, for events
    outside their window, and for a window that is not a length of time.
    """
    request = requested(time, columns, None)
    table, raw, rows = _read(source, request, None, degrees, sequence=sequence)
    if sequence is not None:
        length = None if window is None else window_length(window, table.time_kind)
        held = uncategorised(raw.held[sequence])
        nameless = np.flatnonzero(held.isna())
        if len(nameless):
            raise DataError(
                f"{raw.where(sequence)}, row {held.index[nameless[0]]}: expected the name of a sequence; got "
                f"nothing, in {len(nameless)} of {len(held)} rows. Fill them in or drop the rows."
            )
        label = held.to_numpy(object)[rows].astype(str)
        table = _with_order_note(table, rows, label)
        return gather(table, label, name=sequence, length=length)
    table = _with_order_note(table, rows, np.zeros(len(rows)))
    return cut_whole(table) if window is None else cut_into_windows(table, window, stride=stride)


def _read(
    source: Source, request: "Request", schema: Units | None, degrees: bool, sequence: str | None
) -> tuple[Table, Columns, Int[np.ndarray, " rows"]]:
    """The table in order of time, its raw columns, and the row of the source of each row."""
    table, raw = _unsorted(source, request, schema, degrees, sequence)
    rows = np.argsort(table.t, kind="stable")
    return table.take(rows), raw, rows


def _unsorted(
    source: Source, request: "Request", schema: Units | None, degrees: bool, sequence: str | None
) -> tuple[Table, Columns]:
    """The table in the order of the source, and its raw columns."""
    raw = _load(source, request)
    if isinstance(source, tuple):
        first, *rest = raw.held
        request = Request(first, tuple(rest), None, request.growth)
    for name in (sequence, request.growth):
        if name is not None:
            raw.check(name)
    time, columns, notes = choose(raw, request, sequence)
    beside = [name for name in (sequence, request.growth) if name is not None]
    _check_lengths(raw, (time, *columns, *beside))
    kind, t, zone_notes = read_times(raw, time, schema and schema.time.kind)
    x = read_points_of(raw, columns, degrees)
    outlier_notes = [_outlier_note(raw.held[name], name, x[:, i]) for i, name in enumerate(columns)]
    notes = (*raw.notes, *notes, *zone_notes, *filter(None, outlier_notes))
    growth = None
    if request.growth is not None:
        growth = numbers(raw.held[request.growth], raw.where(request.growth))
    return Table(t, x, columns, time, kind, raw.source, notes, growth=growth), raw


def _outlier_note(column: pd.Series, name: str, values: Float64[np.ndarray, " rows"]) -> str:
    """Note on outliers, with their rows as the source counts them; "" for none."""
    far = outliers(values)
    if not len(far):
        return ""
    shown = [f"{values[row]:.6g} in row {column.index[row]}" for row in far[:_MAX_SHOWN]]
    others = f" and {len(far) - _MAX_SHOWN} more" if len(far) > _MAX_SHOWN else ""
    number = f"{len(far)} values are" if len(far) > 1 else "1 value is"
    return (
        f"column {name!r}: {number} far from all others ({np.median(values):.4g} in the middle): "
        f"{', '.join(shown)}{others}; correct or remove what is not a measurement"
    )


def read_points(source: Source, *, columns: Sequence[str]) -> Points:
    """Read coordinates alone, shape `(rows, len(columns))`, in the order of the rows.

    **Raises:** `DataError` as `read_table`.
    """
    return read_points_beside(source, columns=columns)[0]


def read_points_beside(
    source: Source, *, columns: Sequence[str], beside: str | None = None
) -> tuple[Points, pd.Series | None]:
    """`read_points`, and the column `beside` them, unchanged; None if there is none."""
    request = Request(None, tuple(columns), None)
    _check_request(request)
    raw = _load(source, request)
    for name in columns:
        raw.check(name)
    _check_lengths(raw, columns)
    return read_points_of(raw, columns), None if beside is None else raw.held.get(beside)


def read_points_of(raw: Columns, columns: Sequence[str], degrees: bool = False) -> Points:
    """The coordinates among the columns of a source, shape `(rows, len(columns))`."""
    x = np.empty((len(raw.held[columns[0]]), len(columns)))
    for i, name in enumerate(columns):
        x[:, i] = numbers(raw.held[name], raw.where(name))
    if degrees:
        _check_degrees(raw, columns, x)
    return x


def _check_degrees(raw: Columns, columns: Sequence[str], x: Points) -> None:
    """Refuse longitudes outside [-180, 180], latitudes outside [-90, 90], and other columns."""
    if len(columns) != 2:
        raise DataError(
            f"{raw.source}: expected two columns in degrees, longitude and latitude; "
            f"got {list(columns)}. Name these two."
        )
    for name, values, most in zip(columns, x.T, (180.0, 90.0), strict=True):
        outside = np.flatnonzero(np.abs(values) > most)
        if outside.size:
            raise DataError(
                f"{raw.where(name)}, row {raw.held[name].index[outside[0]]}: expected degrees from "
                f"{-most:g} to {most:g}; got {values[outside[0]]:g} ({outside.size} such values). "
                "Longitude comes first; subtract 360 from longitudes above 180."
            )


@dataclass(frozen=True)
class Request:
    """Requested names, of the caller or of a `schema`; None where the source decides."""

    time: str | None
    columns: tuple[str, ...] | None
    dims: int | None
    growth: str | None = None


def requested(
    time: str | None,
    columns: Sequence[str] | None,
    schema: Units | None,
    *,
    dims: int | None = None,
    growth: str | None = None,
) -> Request:
    """Checked request of the caller."""
    if isinstance(columns, str):
        columns = (columns,)
    names = None if columns is None else tuple(str(name) for name in columns)
    request = Request(None if time is None else str(time), names, dims, growth)
    if dims is not None and (not isinstance(dims, int | np.integer) or dims < 1):
        raise DataError(
            f"expected dims as a whole number from 1 on; got {dims!r}. Leave it out for all."
        )
    if schema is not None:
        fitted = Request(schema.time.name, schema.columns, None)
        if request.time not in (None, fitted.time) or request.columns not in (None, fitted.columns):
            raise DataError(
                f"expected the names the model was fitted with, time {fitted.time!r} and columns "
                f"{list(schema.columns)}; got {time!r} and {names}. Leave them out, or rename."
            )
        request = fitted
    _check_request(request)
    return request


def _check_request(request: Request) -> None:
    names = request.columns
    if names is None:
        return
    if not names:
        raise DataError("expected at least one coordinate in columns; got none. Name one.")
    if len(set(names)) < len(names):
        raise DataError(f"expected every column once; got {list(names)}. Name each only once.")
    if request.time in names:
        raise DataError(
            f"expected coordinates beside the time; got the time column {request.time!r} among "
            f"columns {list(names)}. Take it out of the columns."
        )


def _load(source: Any, request: Request) -> Columns:
    if isinstance(source, str | Path):
        return read_file(Path(source).expanduser(), request.columns, request.dims)
    if isinstance(source, pd.DataFrame):
        return from_frame(source)
    if isinstance(source, Mapping):
        return from_arrays(source)
    if isinstance(source, tuple) and len(source) == 2:
        return from_pair(*source, time=request.time, columns=request.columns, dims=request.dims)
    if isinstance(source, Cells):
        return from_cells(source, request.columns, request.dims)
    raise DataError(
        "expected a path, a DataFrame, an AnnData object, a dictionary of arrays or a pair (t, x); "
        f"got {type(source).__name__}. Convert it to one of these."
    )


def choose(
    raw: Columns, request: Request, sequence: str | None = None
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Names of the time and the coordinates, and notes on what the caller did not name."""
    time, notes = request.time, []
    if time is None:
        time = _find_time(raw)
        notes.append(f"time taken from column {time!r}")
    raw.check(time)
    if request.columns is not None:
        columns = raw.spread(request.columns, request.dims)
    elif raw.usual:
        columns = raw.usual
    elif request.dims is not None:
        raise DataError(
            f"{raw.source}: expected dims={request.dims} beside the name of an array; got no "
            "columns. Name it: columns=[...]."
        )
    else:
        taken = (time, sequence, request.growth)
        columns = _find_coordinates(raw, taken)
        notes.append(f"coordinates taken from columns {', '.join(map(repr, columns))}")
        left = [repr(name) for name in raw.held if name not in (*taken, *columns)]
        notes += [f"columns left out: {', '.join(left)}"] if left else []
    _check_request(Request(time, columns, None))
    for name in columns:
        raw.check(name)
    return time, columns, tuple(notes)


def _find_time(raw: Columns) -> str:
    named = [name for name in raw.held if name.lower() in ("t", "time")]
    if len(named) != 1:
        above = about_header(next(iter(raw.held), ""))
        raise DataError(
            f"{raw.source}: expected one column called 't' or 'time'; got {list(raw.held)}. "
            + (above and f"{above} ")
            + "Say which column is the time: time=..."
        )
    return named[0]


def _find_coordinates(raw: Columns, taken: tuple[str | None, ...]) -> tuple[str, ...]:
    # A column without a name is the row number that some program wrote along.
    rest = [n for n in raw.held if n not in taken and not n.startswith("Unnamed:")]
    found = tuple(name for name in rest if may_be_coordinate(raw.held[name]))
    if not found:
        for name in rest:
            if any(map(is_marked, raw.held[name])):
                numbers(raw.held[name], raw.where(name))  # raises with a remedy for the marks
        raise DataError(
            f"{raw.source}: expected columns of numbers beside the time {taken[0]!r}; "
            f"got {list(raw.held)}. Say which are the coordinates: columns=[...]."
        )
    return found


def _check_lengths(raw: Columns, names: Sequence[str]) -> None:
    lengths = {name: len(raw.held[name]) for name in names}
    if len(set(lengths.values())) > 1:
        raise DataError(
            f"{raw.source}: expected columns of one length; got {lengths}. "
            "Say which belong together: time=..., columns=[...]."
        )
    if not all(lengths.values()):
        raise DataError(f"{raw.source}: expected rows of data; got none. Check how it was written.")


def read_times(
    raw: Columns, name: str, expected: TimeKind | None = None
) -> tuple[TimeKind, Times, tuple[str, ...]]:
    """The kind of a time column, its values, and notes on time zones."""
    column, where = uncategorised(raw.held[name]), raw.where(name)
    kind = time_kind(column, where)
    if expected not in (None, kind):
        raise DataError(
            f"{where}: expected {expected}s, as in the model or the rows before; got {kind}s. "
            "Convert the column."
        )
    if kind == "number":
        return kind, numbers(column, where), ()
    return kind, *seconds(column, where)


def _with_order_note(table: Table, rows: Int[np.ndarray, " rows"], label: np.ndarray) -> Table:
    """Add a note on the events of a sequence that came after a later one: an order that was not meant?"""
    came = pd.DataFrame({"t": table.t, "label": label}).iloc[np.argsort(rows)]
    late = int((came["t"] < came.groupby("label")["t"].cummax()).sum())
    if not late:
        return table
    which = "1 event was" if late == 1 else f"{late} events were"
    note = f"{which} not in time order: sorted by time"
    return replace(table, notes=(*table.notes, note))

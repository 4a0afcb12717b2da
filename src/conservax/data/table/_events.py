"""Events in windows of time: one long record cut into pieces, or many sequences as they come."""

import math
import re
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from jaxtyping import Int

from conservax.data.table._errors import DataError
from conservax.data.table._reader import AbstractReader
from conservax.data.table._table import Table
from conservax.data.table._time import DAY, TimeAxis
from conservax.data.table._types import Points, TimeKind, Times

_WHOLE = (DAY, 3600.0, 60.0)  # seconds: the first window begins with a day, an hour or a minute


@dataclass(frozen=True, eq=False)
class Events:
    """Points at times within windows of one length.

    **Attributes:**

    - `t`: time since the start of the window, shape `(events,)`, in [0, `length`]: in the numbers of
      the data, or in days where these are timestamps.
    - `x`: locations, shape `(events, dim)`, in the units of the data.
    - `sequence`: which window, shape `(events,)`, in order; each has its events in order of time.
    - `starts`: when each window starts, shape `(sequences,)`: numbers or seconds since 1970-01-01
      UTC of one record, or 0, 1, 2, ... in the order of the labels.
    - `length`: of every window, in the unit of `t`.
    - `sequence_name`: the column that names the sequence; None for windows of one record.
    - `stride`: from the start of one window of a record to the next.
    - `columns`, `time_name`, `time_kind`, `source`, `notes`, `reader`: as in `Table`.

    **Raises:** `DataError` if the shapes do not agree, or a time lies outside its window.
    """

    t: Times
    x: Points
    sequence: Int[np.ndarray, " events"]
    starts: Times
    length: float
    columns: tuple[str, ...]
    time_name: str
    time_kind: TimeKind
    source: str
    notes: tuple[str, ...] = ()
    sequence_name: str | None = None
    stride: float | None = None
    reader: AbstractReader | None = None

    def __post_init__(self):
        shapes = (self.t.shape, self.sequence.shape, self.x.shape)
        count = len(self.t)
        if shapes != ((count,), (count,), (count, len(self.columns))):
            raise DataError(f"{self.source}: expected a time, a location and a sequence per event.")
        within = np.diff(self.sequence) == 0
        if not np.isfinite(self.t).all() or np.any(np.diff(self.t)[within] < 0):
            raise DataError(f"{self.source}: expected finite times, in order in every window.")
        if np.any(np.diff(self.sequence) < 0) or np.any(self.sequence >= len(self.starts)):
            raise DataError(f"{self.source}: expected windows in order, with a start each.")
        if not 0 < self.length < math.inf:
            raise DataError(f"{self.source}: expected windows of some length; got {self.length}.")
        outside = np.flatnonzero((self.t < 0) | (self.t > self.length))
        if outside.size:
            raise DataError(
                f"{self.source}, event {outside[0] + 1}: expected a time within its window, from 0 "
                f"to {self.length:g}; got {self.t[outside[0]]:g}."
            )

    def __len__(self) -> int:
        return len(self.t)

    def __repr__(self) -> str:
        names = ", ".join(self.columns)
        return (
            f"Events: {len(self)} of {names} in {self.sequences} windows of {self.length:g}, "
            f"from {self.source}"
        )

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.columns)

    @property
    def sequences(self) -> int:
        """Number of windows, also those without an event."""
        return len(self.starts)

    @property
    def counts(self) -> Int[np.ndarray, " sequences"]:
        """Events of every window."""
        return np.bincount(self.sequence, minlength=self.sequences)

    @property
    def axis(self) -> TimeAxis:
        """Time within a window, from 0 to its length: the time of a density of locations."""
        name = self.time_name if self.time_kind == "number" else f"days of {self.time_name}"
        return TimeAxis(name, "number", 0.0, float(self.length))

    def take(self, sequences: Int[np.ndarray, " taken"]) -> Self:
        """The windows of these numbers, in this order."""
        ends = np.cumsum(self.counts).tolist()
        first = [0, *ends[:-1]]
        rows = [np.arange(first[s], ends[s]) for s in sequences]
        chosen = np.concatenate(rows) if rows else np.zeros(0, int)
        number = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        return replace(
            self,
            t=self.t[chosen],
            x=self.x[chosen],
            sequence=number,
            starts=self.starts[np.asarray(sequences, int)],
        )

    def table(self) -> Table:
        """All events of all windows as rows at times within their window."""
        order = np.argsort(self.t, kind="stable")
        axis = self.axis
        return Table(
            self.t[order],
            self.x[order],
            self.columns,
            axis.name,
            axis.kind,
            self.source,
            self.notes,
        )


def cut_into_windows(
    table: Table,
    length: float | str,
    *,
    stride: float | str | None = None,
    start: float | None = None,
) -> Events:
    """Cut one long record into windows.

    **Arguments:**

    - `table`: the record.
    - `length`, `stride`: of the windows, and from one start to the next (by default `length`: no
      event is in two windows), in the unit of time: days for timestamps, or text such as "30d".
    - `start`: of the first window, as a number or in seconds; by default the beginning of the day
      (UTC), hour or minute of the first event, whichever fits into a stride first. For numbers, and
      strides below a minute, a multiple of the largest power of ten in a stride. A window that
      began with an event would teach that events come at once.

    The last window that is not complete is left out, with a note; the notes also count
    the events at the very time of the one before.

    **Raises:** `DataError` if no window fits.
    """
    length = window_length(length, table.time_kind)
    stride = length if stride is None else window_length(stride, table.time_kind)
    unit = DAY if table.time_kind == "timestamp" else 1.0
    start = _begin(table, stride) if start is None else start
    whole = (table.t.max() - start) / unit
    count = int(np.floor((whole - length) / stride * (1 + 1e-12))) + 1
    if count < 1:
        raise DataError(
            f"{table.source}: expected a record longer than its window of {length:g}; got one of "
            f"{whole:g}. Add more of it, or fit with a shorter window."
        )
    starts = start + stride * unit * np.arange(count)
    first = np.searchsorted(table.t, starts, side="left")
    last = np.searchsorted(table.t, starts + length * unit, side="left")
    rows = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    sequence = np.repeat(np.arange(count), last - first)
    used = len(np.unique(rows))
    notes = table.notes
    if used < len(table):
        notes += (f"{len(table) - used} of {len(table)} events lie in no complete window",)
    empty = int(np.sum(first == last))
    notes += (f"{empty} of {count} windows are empty",) * bool(empty)
    t = np.clip((table.t[rows] - starts[sequence]) / unit, 0.0, length)
    return Events(
        t,
        table.x[rows],
        sequence,
        starts,
        float(length),
        table.columns,
        table.time_name,
        table.time_kind,
        table.source,
        notes + _ties(t, sequence),
        stride=float(stride),
        reader=table.reader,
    )


def cut_whole(table: Table) -> Events:
    """One window of the whole record, from where `cut_into_windows` would begin to the last event."""
    axis = TimeAxis.of(table)
    start = _begin(table, axis.scale)
    return cut_into_windows(table, replace(axis, start=start).scale, start=start)


def _begin(table: Table, stride: float) -> float:
    """The last round time before the first event, or at it."""
    first, whole = float(table.t.min()), ()
    if table.time_kind == "timestamp":
        stride, whole = stride * DAY, _WHOLE
    ten = 10.0 ** math.floor(math.log10(stride))
    unit = next((unit for unit in whole if unit <= stride * (1 + 1e-9)), ten)
    return min(first, unit * math.floor(first / unit + 1e-9))  # 0.3 / 0.1 is not 3


def _ties(t: Times, sequence: Int[np.ndarray, " events"]) -> tuple[str, ...]:
    """Notes on events at the same time: an inter-event time of zero has no density."""
    first = np.diff(sequence, prepend=-1) != 0
    ties = int(np.sum(np.where(first, t, np.diff(t, prepend=0.0)) == 0))
    if not ties:
        return ()
    return (
        f"{ties} of {len(t)} events at the very time of the one before, or of the start of their "
        "window: in a point process the likelihood of times is then without bound and means "
        "nothing. If times are rounded, spread them: add to each a uniform draw as long as what "
        "they were rounded to",
    )


def window_length(value: float | str, kind: TimeKind) -> float:
    """A length of time in the unit of windows: a number, or text such as "30d" for timestamps.

    **Raises:** `DataError` for what is not a length of time above 0.
    """
    try:
        length = float(value)
    except ValueError:
        length = _spelled(str(value), kind)
    if not 0 < length < math.inf:
        raise DataError(
            f"expected a window, and a stride, of a finite length above 0; got {value!r}."
        )
    return length


def _spelled(value: str, kind: TimeKind) -> float:
    """Days of a length of time in words."""
    try:
        length = pd.Timedelta(re.sub(r"d$", "D", value.strip())).total_seconds() / DAY
    except ValueError as error:
        raise DataError(f'expected a length of time such as "30d" or 30; got {value!r}.') from error
    if kind == "number":
        raise DataError(f"expected a number for the window of a numeric time; got {value!r}.")
    return length


def gather(
    table: Table, label: np.ndarray, *, name: str = "sequence", length: float | None = None
) -> Events:
    """Gather many sequences, distinguished by a label per row of the table, each with times from 0.

    `name` is what the column of labels is called. `length` is by default the latest time of all.

    **Raises:** `DataError` for a table of timestamps, whose windows `cut_into_windows` finds; for times before 0
    or beyond the length, naming the sequence.
    """
    if table.time_kind == "timestamp":
        raise DataError(
            f"{table.source}: expected times within each sequence as numbers; got timestamps. "
            "Cut the record into windows instead: window=..."
        )
    length = float(table.t.max()) if length is None else float(length)
    _check_within(table, label, name, length)
    labels, sequence = np.unique(label, return_inverse=True)
    rank = np.argsort(np.argsort(_in_order(labels), kind="stable"))
    sequence = rank[sequence]
    order = np.lexsort((table.t, sequence))
    return Events(
        table.t[order],
        table.x[order],
        sequence[order],
        np.arange(len(labels), dtype=float),
        length,
        table.columns,
        table.time_name,
        table.time_kind,
        table.source,
        table.notes + _ties(table.t[order], sequence[order]),
        sequence_name=name,
    )


def _check_within(table: Table, label: np.ndarray, name: str, length: float) -> None:
    """Refuse times outside [0, length], each kind with its own remedy."""
    for outside, remedy in (
        (table.t < 0, "Times run from 0 in every sequence: subtract its start."),
        (table.t > length, "Leave later events out, or fit with a longer window."),
    ):
        found = np.flatnonzero(outside)
        if found.size:
            raise DataError(
                f"{table.source}, {name} {str(label[found[0]])!r}: expected times from 0 to "
                f"{length:g}, the length of its window; got {table.t[found[0]]:g} "
                f"({found.size} such times). {remedy}"
            )


def _in_order(labels: np.ndarray) -> np.ndarray:
    """Sort keys of labels: their values where all are numbers, else the text."""
    try:
        return labels.astype(float)
    except ValueError:
        return labels

"""Rows in three parts, with their units and provenance."""

from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np

from conservax.data import (
    AbstractReader,
    DataError,
    Events,
    EventSplit,
    HoldOut,
    Shards,
    Split,
    Stream,
    Table,
    TimeAxis,
    Units,
    WindowReader,
    are_unequal_snapshots,
    check_trainable,
    leave_out,
    shard,
    split,
    split_events,
)
from conservax.model import StreamSource


@dataclass(frozen=True)
class Dataset:
    """Rows that a fit learns from and is evaluated by.

    **Attributes:**

    - `split`: rows, or windows of events, for training, validation and test; of a stream a sample.
    - `units`: of the training rows, over the times of all.
    - `equal_snapshots`: whether rows are weighted so that all times have equal weight.
    - `shards`: the training rows of a stream, on disk.
    - `source`, `rows`, `windows`, `longest_window`, `notes`, `reader`, `stream`, `left_out`,
      `fitted`: as in `Settings`.
    """

    split: Split | EventSplit
    units: Units
    source: str
    rows: int
    notes: tuple[str, ...]
    equal_snapshots: bool = False
    reader: AbstractReader | None = None
    stream: StreamSource | None = None
    left_out: tuple[float, ...] = ()
    fitted: tuple[float, float] | None = None
    windows: int | None = None
    longest_window: int | None = None
    shards: Shards | None = None

    @property
    def training_rows(self) -> int:
        """How many rows, or events, there are to train on."""
        return self.shards.training_rows if self.shards else len(self.split.train)

    @property
    def provenance(self) -> dict[str, Any]:
        """Fields that `Settings` keep."""
        names = "source rows notes equal_snapshots reader stream left_out fitted windows"
        return {name: getattr(self, name) for name in (*names.split(), "longest_window")}


def dataset_of(
    source: Table | Events | EventSplit | Stream,
    holdout: HoldOut,
    seed: int,
    out: str | PathLike[str] | None = None,
) -> Dataset:
    """A dataset of rows of any kind; windows are superimposed.

    **Raises:** `DataError` for rows that nothing can be learned from, or a hold-out that these
    rows do not allow.
    """
    if not isinstance(source, Table) and holdout.leave_out:
        raise DataError(
            "expected a table in memory to leave times out of; got windows of events, or a file "
            "that is streamed. Leave no time out, or raise memory_rows."
        )
    if isinstance(source, Events | EventSplit):
        windows = windows_of(source, holdout, seed)
        events = cast(EventSplit, windows.split)
        parts = Split(*(part.table() for part in events))
        check_trainable(parts.train)
        return replace(windows, split=parts, windows=None, longest_window=None)
    if holdout.by != "random":
        raise DataError("expected windows of events to split by time; got a table of rows.")
    if isinstance(source, Stream):
        return _of_stream(source, holdout, seed, _nearest_folder(out))
    return _of_table(source, holdout, seed)


def windows_of(events: Events | EventSplit, holdout: HoldOut, seed: int) -> Dataset:
    """A dataset of windows of events, which are split whole.

    **Raises:** `DataError` for events that nothing can be learned from, or times left out.
    """
    if holdout.leave_out:
        raise DataError("expected no times to leave out of windows of events; got some.")
    if isinstance(events, Events):
        check_trainable(events.table())
        fractions = {"validation": holdout.validation, "test": holdout.test}
        events = split_events(events, **fractions, by=holdout.by, seed=seed)
    train = events.train
    check_trainable(train.table())
    return Dataset(
        split=events,
        units=replace(Units.of(train.table()), time=train.axis),
        source=train.source,
        rows=sum(map(len, events)),
        notes=train.notes,
        reader=WindowReader.of(train),
        windows=sum(part.sequences for part in events),
        longest_window=int(max(part.counts.max(initial=1) for part in events)),
    )


def shards_again(
    run: Path, stream: StreamSource, holdout: HoldOut, *, seed: int, units: Units, rows: int
) -> Shards:
    """The shards of a stream, made again from its file.

    **Raises:** `DataError` if the file is gone, or has not the rows and the units that it had.
    """
    found = Stream.open(Path(stream.path), time=stream.time, columns=stream.columns)
    fractions = {"validation": holdout.validation, "test": holdout.test}
    shards = shard(found, **fractions, seed=seed, folder=_nearest_folder(run))
    if (shards.units, len(found)) != (units, rows):
        raise DataError(
            f"{found.source}: expected the rows that {run} was begun with; got others, so that "
            "it cannot go on as it began. Put the old file back, or fit again."
        )
    return shards


def _of_table(table: Table, holdout: HoldOut, seed: int) -> Dataset:
    check_trainable(table)
    axis = TimeAxis.of(table)
    seen, unseen = leave_out(table, holdout.leave_out)
    parts = split(seen, validation=holdout.validation, test=holdout.test, seed=seed)
    parts = parts._replace(test=_merged(parts.test, unseen))
    check_trainable(parts.train)
    left_out = np.unique(unseen.t).tolist()
    return Dataset(
        split=parts,
        units=replace(Units.of(parts.train), time=axis),
        source=table.source,
        rows=len(table),
        notes=table.notes,
        equal_snapshots=are_unequal_snapshots(seen.t),
        reader=table.reader,
        left_out=tuple(left_out),
        fitted=(float(seen.t.min()), float(seen.t.max())) if left_out else None,
    )


def _of_stream(stream: Stream, holdout: HoldOut, seed: int, folder: Path | None) -> Dataset:
    fractions = {"validation": holdout.validation, "test": holdout.test}
    shards = shard(stream, **fractions, seed=seed, folder=folder)
    held = np.concatenate([part.t for part in shards.split])
    return Dataset(
        split=shards.split,
        units=shards.units,
        source=stream.source,
        rows=len(stream),
        notes=stream.notes,
        equal_snapshots=are_unequal_snapshots(held),
        stream=StreamSource(
            path=str(stream.path.resolve()), time=stream.time_name, columns=stream.columns
        ),
        shards=shards,
    )


def _nearest_folder(path: str | PathLike[str] | None) -> Path | None:
    """The path if it is a folder, or its nearest parent that is."""
    if path is None:
        return None
    path = Path(path)
    return next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())


def _merged(one: Table, other: Table) -> Table:
    """The rows of both tables in order of time."""
    t = np.concatenate([one.t, other.t])
    order = np.argsort(t, kind="stable")
    growth = None
    if one.growth is not None and other.growth is not None:
        growth = np.concatenate([one.growth, other.growth])
    return replace(one, t=t, x=np.concatenate([one.x, other.x]), growth=growth).take(order)

"""Training, validation and test rows of a table, or windows of events."""

import warnings
from typing import Literal, NamedTuple

import numpy as np

from conservax.data.table._errors import DataError
from conservax.data.table._events import Events
from conservax.data.table._snapshots import snapshots
from conservax.data.table._table import Table
from conservax.data.table._time import DAY

_ROUNDING = 1e-6  # of a window, by which its end may seem to overlap with the next one


class EventSplit(NamedTuple):
    """Windows of events for training, validation and test."""

    train: Events
    validation: Events
    test: Events

    def held_out(self) -> tuple[str, Events] | None:
        """Held-out windows and their name: those of test, or else of validation."""
        parts = (("test", self.test), ("validation", self.validation))
        return next(((name, part) for name, part in parts if len(part)), None)


class Split(NamedTuple):
    """Training, validation and test rows of one table; each keeps the order of time."""

    train: Table
    validation: Table
    test: Table

    def held_out(self) -> tuple[str, Table] | None:
        """Held-out rows and their name: test rows, or else validation rows."""
        parts = (("test", self.test), ("validation", self.validation))
        return next(((name, part) for name, part in parts if len(part)), None)


def split(table: Table, *, validation: float, test: float = 0.0, seed: int) -> Split:
    """Split the rows at random, the same for the same seed.

    Where times are few (at most 50, with at least 5 rows each: snapshots) every one of them is
    split by itself, so that it is represented in every part; small snapshots then give up
    one row where the fraction is of less than one.

    **Arguments:**

    - `validation`, `test`: fractions of the rows, in [0, 1), that sum to less than 1.
    - `seed`: of the shuffle.

    **Raises:** `DataError` for other fractions, or if they leave fewer than two rows (or no row of
    some snapshot) to train on.
    """
    check_fractions(validation, test)
    rng = np.random.default_rng(seed)
    parts = [
        _split_rows(rng, rows, validation, test)
        for rows in snapshots(table.t) or [np.arange(len(table))]
    ]
    trained = [len(train) for train, _, _ in parts]
    if min(trained) < 1 or sum(trained) < 2:
        raise DataError(
            f"{table.source}: expected rows of every time left for training; got {len(table)} rows "
            f"and the fractions validation={validation:g}, test={test:g}. "
            "Lower the fractions or add rows."
        )
    train, held, tested = (np.sort(np.concatenate(part)) for part in zip(*parts, strict=True))
    return Split(table.take(train), table.take(held), table.take(tested))


def split_events(
    events: Events,
    *,
    validation: float,
    test: float = 0.0,
    by: Literal["random", "time"] = "random",
    seed: int = 0,
) -> EventSplit:
    """Split whole windows, at random or so that what comes later is held out.

    **Arguments:**

    - `validation`, `test`: fractions of the windows.
    - `by`: "random", or "time": the last windows are for the test and those before them for
      validation. Windows that overlap with held-out ones are then left out.
    - `seed`: of the shuffle.

    **Raises:** `DataError` for other fractions, or if they leave a part without events.
    """
    check_fractions(validation, test)
    count = events.sequences
    held, tested = (held_out_count(fraction, count) for fraction in (validation, test))
    if by == "time":
        order = np.argsort(events.starts, kind="stable")[::-1]
    elif by == "random":
        order = np.random.default_rng(seed).permutation(count)
    else:
        raise DataError(f'expected to split by "random" or "time"; got {by!r}.')
    if by == "random" and events.stride is not None and events.stride < events.length:
        warnings.warn(
            f"{events.source}: windows overlap, so that events of held-out windows are in training "
            'windows too, and their metrics flatter. Split in time (by="time"), '
            "or give a stride as long as the window.",
            stacklevel=2,
        )
    parts = [order[held + tested :], order[tested : held + tested], order[:tested]]
    if by == "time" and events.sequence_name is None:
        unit = DAY if events.time_kind == "timestamp" else 1.0
        for earlier, later in ((1, 2), (0, 1), (0, 2)):
            if len(parts[later]):
                first = events.starts[parts[later]].min()
                ends = events.starts[parts[earlier]] + events.length * unit
                parts[earlier] = parts[earlier][ends <= first + _ROUNDING * events.length * unit]
    result = EventSplit(*(events.take(np.sort(part)) for part in parts))
    wanted = (True, held > 0, tested > 0)
    if any(expected and not len(part) for part, expected in zip(result, wanted, strict=True)):
        sizes = [len(part) for part in result]
        raise DataError(
            f"{events.source}: expected events in every part; got {sizes[0]}, {sizes[1]} and "
            f"{sizes[2]} of {count} windows. Change the fractions, or cut shorter windows."
        )
    return result


def check_fractions(validation: float, test: float) -> None:
    """Refuse fractions outside [0, 1), or that leave nothing."""
    for name, fraction in (("validation", validation), ("test", test)):
        if not 0 <= fraction < 1:
            raise DataError(
                f"expected the {name} fraction in [0, 1); got {fraction:g}. "
                "Give a fraction of the rows such as 0.1."
            )
    if validation + test >= 1:
        raise DataError(
            f"expected validation + test below 1; got {validation:g} + {test:g}. "
            "Lower one of them: the rest of the rows is for training."
        )


def _split_rows(
    rng: np.random.Generator, rows: np.ndarray, validation: float, test: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shuffled = rng.permutation(rows)
    held, tested = (held_out_count(fraction, len(rows)) for fraction in (validation, test))
    return shuffled[held + tested :], shuffled[:held], shuffled[held : held + tested]


def held_out_count(fraction: float, rows: int) -> int:
    """Number of rows that a fraction holds out: at least one, unless it is 0."""
    return max(1, round(fraction * rows)) if fraction > 0 else 0

"""Table of points stamped with times, checked and in time order."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from jaxtyping import Int

from conservax.data.table._errors import DataError
from conservax.data.table._reader import AbstractReader
from conservax.data.table._types import Points, TimeKind, Times


@dataclass(frozen=True, eq=False)
class Table:
    """Points `x` at times `t`, in the units of the data.

    **Attributes:**

    - `t`: times, shape `(rows,)`: the numbers of the data, or seconds since 1970-01-01 UTC.
    - `x`: points, shape `(rows, dim)`.
    - `columns`: names of the coordinates, `dim` of them.
    - `time_name`, `time_kind`: name of the time column, and whether it holds numbers or timestamps.
    - `growth`: births less deaths expected of each row, per unit of time (a day for timestamps);
      None if nothing is expected.
    - `source`: where the rows come from; errors begin with it.
    - `notes`: what was changed or assumed in reading, one sentence each, for the user.
    - `reader`: reader of other sources in the same way, where that is not `read_table`.

    **Raises:** `DataError` if the shapes do not agree.
    """

    t: Times
    x: Points
    columns: tuple[str, ...]
    time_name: str
    time_kind: TimeKind
    source: str
    notes: tuple[str, ...] = ()
    reader: AbstractReader | None = None
    growth: Times | None = None

    def __post_init__(self):
        expected = (len(self.t), len(self.columns))
        if self.t.ndim != 1 or self.x.shape != expected:
            raise DataError(
                f"{self.source}: expected one time per row and points of shape {expected}; "
                f"got {self.t.shape} and {self.x.shape}. Give t as (rows,) and x as (rows, dim)."
            )
        if self.growth is not None and self.growth.shape != self.t.shape:
            raise DataError(
                f"{self.source}: expected growth of shape {self.t.shape}; got {self.growth.shape}."
            )

    def __repr__(self) -> str:
        names = ", ".join(self.columns)
        return f"Table of {len(self)} rows of {names} over {self.time_name}, from {self.source}"

    def __len__(self) -> int:
        return len(self.t)

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.columns)

    def take(self, indices: Int[np.ndarray, " taken"]) -> Self:
        """The rows at `indices`, in that order."""
        growth = None if self.growth is None else self.growth[indices]
        return replace(self, t=self.t[indices], x=self.x[indices], growth=growth)

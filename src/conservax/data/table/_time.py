"""Time axis of a data set: between the times of the user and [0, 1] of the model."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike

from conservax.data.table._errors import DataError
from conservax.data.table._table import Table
from conservax.data.table._types import TimeKind
from conservax.data.table._values import STAMP, as_column, numbers, seconds, uncategorised

DAY = 86400.0  # seconds


@dataclass(frozen=True)
class TimeAxis:
    """The range of times a model covers.

    **Attributes:**

    - `name`: name of the time column.
    - `kind`: `"number"` or `"timestamp"`.
    - `start`, `end`: the numbers themselves, or seconds since 1970-01-01 UTC; `start < end`.
    """

    name: str
    kind: TimeKind
    start: float
    end: float

    def __post_init__(self):
        if self.kind not in ("number", "timestamp"):
            raise DataError(f"expected kind 'number' or 'timestamp'; got {self.kind!r}.")
        if not (self.start < self.end and math.isfinite(self.end - self.start)):
            raise DataError(
                f"time {self.name!r}: expected start < end; got {self.start} and {self.end}. "
                "A population can only be seen to move between at least two different times."
            )

    @classmethod
    def of(cls, table: Table) -> Self:
        """The axis from the first to the last time of a table."""
        if not len(table):
            raise DataError(f"{table.source}: expected at least one row; got none. Add rows.")
        return cls(table.time_name, table.time_kind, float(table.t.min()), float(table.t.max()))

    @property
    def scale(self) -> float:
        """Length of the range in `unit`: one unit of model time, in the unit shown to users."""
        length = self.end - self.start
        return length / DAY if self.kind == "timestamp" else length

    @property
    def unit(self) -> str:
        """Unit shown to users: days for timestamps, nothing for plain numbers."""
        return "day" if self.kind == "timestamp" else ""

    def parse(self, values: Any) -> Float64[np.ndarray, "*shape"]:
        """Parse times as users write them, to float64.

        **Arguments:**

        - `values`: one value or many: numbers or text that spells them; or, on an axis of
            timestamps, ISO 8601 text, `datetime`, `numpy.datetime64`, pandas timestamps, or the
            seconds since 1970-01-01 UTC that tables hold. Times with a zone are converted to UTC,
            those without are taken as UTC.

        **Returns:** numbers, or seconds since 1970-01-01 UTC, of the shape of `values`.

        **Raises:** `DataError` at the first value that is not of this axis's kind.
        """
        where = f"time {self.name!r}"
        if self.kind == "timestamp" and np.asarray(values).dtype.kind in "fiu":
            return self._seconds(np.asarray(values, np.float64), where)
        column = uncategorised(as_column(values))
        if np.ndim(values) == 0:  # a single value has no row
            one = STAMP if self.kind == "timestamp" else "a finite number"
            try:
                return self._parsed(column, where).reshape(())
            except DataError:
                raise DataError(f"{where}: expected {one}; got {values!r}.") from None
        return self._parsed(column, where).reshape(np.shape(values))

    def _seconds(
        self, values: Float64[np.ndarray, "*shape"], where: str
    ) -> Float64[np.ndarray, "*shape"]:
        """Seconds as a table of timestamps holds them; other numbers are far from any of its times."""
        length = self.end - self.start
        near = (values >= self.start - length) & (values <= self.end + length)
        if not near.all():
            raise DataError(
                f"{where}: expected {STAMP}, or seconds since 1970-01-01 UTC as tables hold them; got "
                f"{values[~near].ravel()[0]:g}. Write out the date."
            )
        return values

    def _parsed(self, column, where: str) -> Float64[np.ndarray, " values"]:
        return numbers(column, where) if self.kind == "number" else seconds(column, where)[0]

    def to_unit(self, values: ArrayLike) -> Float64[np.ndarray, "*shape"]:
        """Numbers or seconds to model time: `start` to 0, `end` to 1, linear beyond."""
        return (np.asarray(values, np.float64) - self.start) / (self.end - self.start)

    def from_unit(self, unit_times: ArrayLike) -> Float64[np.ndarray, "*shape"]:
        """Model time to numbers or seconds; the inverse of `to_unit`."""
        u = np.asarray(unit_times, np.float64)
        # This form is exact at both ends, where start + u * (end - start) is not.
        return self.start * (1 - u) + self.end * u

    def to_column(self, values: ArrayLike) -> np.ndarray:
        """Numbers or seconds to what a table shows: numbers, or `datetime64[us]` in UTC."""
        values = np.asarray(values, np.float64)
        if self.kind == "number":
            return values
        return np.rint(values * 1e6).astype(np.int64).astype("datetime64[us]")

    def format(self, value: float) -> str:
        """One number or second count as text, as fine as the range asks for; `parse` reads it."""
        if self.kind == "timestamp":
            return self._stamp(value)
        decimals = 4 - math.floor(math.log10(self.scale))
        # Adding zero turns -0.0 into 0.
        return f"{round(float(value), decimals) + 0.0:.12g}"

    def _stamp(self, value: float) -> str:
        resolution = "s" if self.end - self.start >= 1000.0 else "us"
        step = 1e6 if resolution == "us" else 1.0
        stamp = np.datetime64(round(float(value) * step), resolution)
        day = stamp.astype("datetime64[D]")
        return str(day) if stamp == day else f"{stamp}Z"

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary of text and numbers."""
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Self:
        """The axis that `to_json` described."""
        return cls(saved["name"], saved["kind"], float(saved["start"]), float(saved["end"]))

"""Settings of the rows that are held out from training."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from conservax.data.table._errors import DataError
from conservax.data.table._split import check_fractions


@dataclass(frozen=True, kw_only=True)
class HoldOut:
    """Rows that are held out from training.

    **Attributes:**

    - `validation`: fraction of the rows, or windows, for early stopping and for choices by likelihood.
    - `test`: fraction of the rows, or windows, that nothing uses before they are scored.
    - `by`: hold windows of events out at "random", or the last ones in "time".
    - `leave_out`: times, one or several, whose rows are all for the test. The others are split
      as usual, and the model covers the range of all.

    **Raises:** `DataError` for fractions outside [0, 1), or that leave nothing to train on.
    """

    validation: float = 0.1
    test: float = 0.0
    by: Literal["random", "time"] = "random"
    leave_out: Any = ()

    def __post_init__(self):
        check_fractions(self.validation, self.test)
        if self.by not in ("random", "time"):
            raise DataError(f'expected by as "random" or "time"; got {self.by!r}.')
        times = () if self.leave_out is None else self.leave_out
        times = [times] if np.ndim(times) == 0 else times
        plain = tuple(t if isinstance(t, int | float) else _plain(t) for t in times)
        object.__setattr__(self, "leave_out", plain)


def _plain(time: Any) -> float | str:
    """A time as a file can hold it."""
    return float(time) if isinstance(time, np.number) else str(time)

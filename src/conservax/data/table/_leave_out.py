"""Whole times held out from training: the test of a model between snapshots."""

from typing import Any

import numpy as np

from conservax.data.table._errors import DataError
from conservax.data.table._table import Table
from conservax.data.table._time import TimeAxis

_MOST_LISTED = 20


def leave_out(table: Table, times: Any) -> tuple[Table, Table]:
    """Rows at all other times, and rows at these times.

    **Arguments:**

    - `times`: one or several, as `TimeAxis.parse` reads them.

    **Raises:** `DataError` if a time is not in the table, or if no other is left.
    """
    if not np.size(times):
        return table, table.take(np.arange(0))
    axis = TimeAxis.of(table)
    each = [times] if np.ndim(times) == 0 else times
    wanted = np.unique([float(axis.parse(time)) for time in each])
    there = np.unique(table.t)
    for time in wanted:
        if time not in there:
            listed = ", ".join(map(axis.format, there[:_MOST_LISTED].tolist()))
            raise DataError(
                f"{table.source}, column {table.time_name!r}: expected times to leave out that "
                f"rows have; got {axis.format(float(time))}. There are "
                f"{listed}{', ...' * (len(there) > _MOST_LISTED)}."
            )
    out = np.isin(table.t, wanted)
    if out.all():
        raise DataError(
            f"{table.source}, column {table.time_name!r}: expected times left to train on; got all "
            f"{len(there)} to leave out. Leave fewer out."
        )
    return table.take(np.flatnonzero(~out)), table.take(np.flatnonzero(out))

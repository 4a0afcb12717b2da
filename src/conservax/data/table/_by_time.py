"""Snapshots of a table: its rows by their times."""

import numpy as np

from conservax.data.table._errors import DataError
from conservax.data.table._snapshots import MAX_SNAPSHOTS
from conservax.data.table._table import Table
from conservax.data.table._types import Points


def by_time(table: Table) -> dict[float, Points]:
    """The points of every time, shape `(rows, dim)` each, in the order of time.

    Times are as in `Table.t`: numbers, or seconds since 1970-01-01 UTC.

    **Raises:** `DataError` if the table has more than 50 different times: then it holds events, not
    snapshots.
    """
    times, which = np.unique(table.t, return_inverse=True)
    if len(times) > MAX_SNAPSHOTS:
        raise DataError(
            f"{table.source}: expected snapshots, at most {MAX_SNAPSHOTS} different times; got "
            f"{len(times)}. Round the times to those of the snapshots."
        )
    return {float(t): table.x[which == number] for number, t in enumerate(times)}

"""Check that a table can be learned from."""

import numpy as np

from conservax.data.table._errors import DataError
from conservax.data.table._snapshots import few_rows
from conservax.data.table._table import Table
from conservax.data.table._time import TimeAxis


def check_trainable(table: Table, *, minimum_rows: int = 20) -> None:
    """Refuse a table that no density can be fitted to.

    **Raises:** `DataError` if the table has fewer than `minimum_rows` rows, a constant column,
    a single time, or at one of few times fewer rows than coordinates.
    """
    if len(table) < minimum_rows:
        raise DataError(
            f"{table.source}: expected at least {minimum_rows} rows; got {len(table)}. "
            "Fewer do not determine the shape of a population: collect more."
        )
    for name, values in zip(table.columns, table.x.T, strict=True):
        if values.min() == values.max():
            raise DataError(
                f"{table.source}, column {name!r}: expected values that vary; "
                f"got {values[0]:g} in every row. Leave the column out."
            )
    few = few_rows(table.t, table.dim)
    if few is not None:
        time, count = few
        raise DataError(
            f"{table.source}, column {table.time_name!r}: expected at least {table.dim} rows at each "
            f"time, as many as there are coordinates; got {count} at {TimeAxis.of(table).format(time)}. "
            "Leave the rows of that time out."
        )
    if np.ptp(table.t) == 0:
        raise DataError(
            f"{table.source}, column {table.time_name!r}: expected at least two different times; "
            "got one. How a population moves cannot be seen at a single time: add another snapshot."
        )

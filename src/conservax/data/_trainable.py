"""Whether a table can be what it is said to be, and learned from at all."""

import numpy as np

from ._errors import DataError
from ._table import Table


def check_trainable(table: Table, *, minimum_rows: int = 20) -> None:
    """Refuse a table that no density can be fitted to.

    **Raises:** `DataError` if the table has fewer than `minimum_rows` rows, a constant column, or
    a single time.
    """
    if len(table) < minimum_rows:
        raise DataError(
            f"{table.source}: expected at least {minimum_rows} rows; got {len(table)}. "
            "Fewer cannot tell the shape of a population from chance: collect more."
        )
    for name, values in zip(table.columns, table.x.T, strict=True):
        if values.min() == values.max():
            raise DataError(
                f"{table.source}, column {name!r}: expected values that vary; "
                f"got {values[0]:g} in every row. Leave the column out."
            )
    if np.ptp(table.t) == 0:
        raise DataError(
            f"{table.source}, column {table.time_name!r}: expected at least two different times; "
            "got one. How a population moves cannot be seen at a single time: add another snapshot."
        )


def check_degrees(table: Table) -> None:
    """Refuse longitudes outside [-180, 180] and latitudes outside [-90, 90].

    **Raises:** `DataError`, also if the table has not these two columns, in this order.
    """
    if table.dim != 2:
        raise DataError(
            f"{table.source}: expected two columns in degrees, longitude and latitude; "
            f"got {list(table.columns)}."
        )
    for name, values, most in zip(table.columns, table.x.T, (180.0, 90.0), strict=True):
        outside = np.flatnonzero(np.abs(values) > most)
        if outside.size:
            raise DataError(
                f"{table.source}, column {name!r}: expected degrees from {-most:g} to {most:g}; got "
                f"{values[outside[0]]:g} ({outside.size} such values). Longitude comes first; "
                "subtract 360 from longitudes above 180."
            )

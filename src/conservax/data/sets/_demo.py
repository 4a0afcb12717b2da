"""Real data that comes with the package, for the demo and the tests."""

from dataclasses import replace

from conservax.data.read._read import read_table
from conservax.data.table._table import Table


def earthquakes() -> Table:
    """596 earthquakes around Indonesia, 2024, from the catalogue of the US Geological Survey.

    **Returns:** a table of `lon` and `lat` in degrees, and `time` in UTC.
    """
    import hvsampledata

    frame = hvsampledata.earthquakes("pandas")
    table = read_table(frame, time="time", columns=["lon", "lat"])
    return replace(table, source="USGS earthquakes around Indonesia (hvsampledata)")

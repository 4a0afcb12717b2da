"""Other rows, read in the way of those that a model was fitted to."""

from pathlib import Path
from typing import Any

from conservax.data.read._comcat import read_comcat
from conservax.data.read._read import Source, read_events, read_table
from conservax.data.table._events import Events, cut
from conservax.data.table._table import Table
from conservax.data.table._units import Units


def read_again(
    source: Source,
    *,
    like: Units,
    events: dict[str, Any] | None = None,
    comcat: dict[str, Any] | None = None,
) -> Table | Events:
    """Read another source like the first one.

    **Arguments:**

    - `like`: units of the model, whose names and kind of time a table must have.
    - `events`: `Events.how()` of the first one; None for a table.
    - `comcat`: its field of this name. Files are then catalogues too; frames and arrays, which
      somebody made, are taken as they are.

    **Raises:** `DataError` as the readers.
    """
    if comcat is not None and isinstance(source, str | Path):
        table = read_comcat(source, **comcat)
        return table if events is None else cut(table, events["window"], stride=events["stride"])
    return read_table(source, like=like) if events is None else read_events(source, **events)

"""Windows of events from another source, cut as those that a model was fitted to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from conservax.data.read._read import Source, read_events
from conservax.data.table._events import Events, cut_into_windows
from conservax.data.table._reader import AbstractReader
from conservax.data.table._units import Units


@dataclass(frozen=True)
class WindowReader(AbstractReader):
    """The arguments of `read_events`, or of `cut_into_windows` where the rows are from a catalogue.

    **Attributes:**

    - `time`, `columns`, `sequence`, `window`, `stride`: see `read_events`.
    - `catalogue`: the reader of the record that is cut; None for rows of a table.
    """

    time: str
    columns: tuple[str, ...]
    sequence: str | None
    window: float
    stride: float | None
    catalogue: AbstractReader | None = None

    @classmethod
    def of(cls, events: Events) -> Self:
        """Reader that cuts other rows as these were cut."""
        names = events.time_name, events.columns, events.sequence_name
        return cls(*names, events.length, events.stride, events.reader)

    def read(self, source: Source, schema: Units) -> Events:
        """Windows of another source; files are catalogues if the first one was."""
        if self.catalogue is not None and isinstance(source, str | Path):
            return cut_into_windows(
                self.catalogue.read(source, schema), self.window, stride=self.stride
            )
        names = {"time": self.time, "columns": self.columns, "sequence": self.sequence}
        return read_events(source, **names, window=self.window, stride=self.stride)

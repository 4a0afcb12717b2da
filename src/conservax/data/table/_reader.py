"""Provenance of rows: the reader that they came from, to read other sources in the same way."""

import abc
from typing import Any


class AbstractReader(abc.ABC):
    """Reader as plain settings. `Table.reader` and `Events.reader` are the one that was used."""

    @abc.abstractmethod
    def read(self, source: Any, schema: Any) -> Any:
        """The `Table` or `Events` of another source.

        `schema`: the `Units` of the first one, whose names and kind of time it must have.

        **Raises:** `DataError` as the function that read the first one.
        """

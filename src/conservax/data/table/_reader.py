"""How rows were read, kept with them: other sources are then read in the same way."""

import abc
from typing import Any


class AbstractReader(abc.ABC):
    """A way of reading, as plain settings. `Table.reader` and `Events.reader` say which was used."""

    @abc.abstractmethod
    def read(self, source: Any, like: Any) -> Any:
        """The `Table` or `Events` of another source.

        `like` are the `Units` of the first one, whose names and kind of time it must have.

        **Raises:** `DataError` as the function that read the first one.
        """

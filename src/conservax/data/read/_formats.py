"""Registry of file formats: the `FORMATS` of every module in the folder `formats`."""

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from conservax.data.read import formats
from conservax.data.read._format import Format
from conservax.data.read._sources import Columns, check_file
from conservax.data.table._errors import DataError


def _found() -> tuple[Format, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    modules = [importlib.import_module(f"{formats.__name__}.{name}") for name in names]
    return tuple(each for module in modules for each in module.FORMATS)


FORMATS: tuple[Format, ...] = _found()


def format_of(path: Path, among: Sequence[Format], remedy: str) -> Format:
    """The format of a file, by its suffix.

    **Raises:** `DataError` with this `remedy` for a suffix of another format.
    """
    for each in among:
        if path.name.lower().endswith(each.suffix):
            return each
    raise DataError(
        f"{path}: expected a file ending in {', '.join(each.suffix for each in among)}; got "
        f"{path.suffix or 'no ending'}. {remedy}"
    )


def read_file(path: Path, columns: Sequence[str] | None = None, dims: int | None = None) -> Columns:
    """The columns of a file, by its suffix; some formats read the requested coordinates alone.

    **Raises:** `DataError` if the file is missing, of another kind, or cannot be read as its kind.
    """
    found = format_of(path, FORMATS, "Convert it, or pass a DataFrame.")
    check_file(path)
    return found.read(path, columns, dims)


def readable_formats() -> str:
    """The names of all formats, as "CSV, npz or Parquet"."""
    return _in_words(each.name for each in FORMATS)


def writable_formats() -> str:
    """The names of the formats that have a writer."""
    return _in_words(each.name for each in FORMATS if each.write is not None)


def _in_words(names: Iterable[str]) -> str:
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} or {last}"

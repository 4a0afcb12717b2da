"""CSV, plain and compressed."""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pandas as pd

from conservax.data.read._format import Arrays, Format
from conservax.data.read._sources import Columns, about_header, first_line, refuse_twins
from conservax.data.table._errors import DataError

_FIELDS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


def _read(path: Path, columns: Sequence[str] | None, dims: int | None) -> Columns:
    del columns, dims  # a row is read whole
    # As text: pandas 2 rounds numbers in the last digit, and errors are to quote what is there.
    # Blank lines are kept until the rows have their numbers.
    as_text = {"dtype": str, "skip_blank_lines": False, "skipinitialspace": True}
    first = ""
    try:
        header = pd.read_csv(path, header=None, nrows=1, keep_default_na=False, **as_text)
        first = header.iloc[0, 0]
        frame = pd.read_csv(path, **as_text)
    except pd.errors.ParserError as error:
        raise _ragged(path, first, error) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected CSV text in UTF-8; got {first_line(error)}. Save it as UTF-8."
        ) from error
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: expected CSV text; got {first_line(error)}. Correct the file."
        ) from error
    names = header.iloc[0].tolist()
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise DataError(
            f"{path}: expected values separated by commas; got the header {names[0]!r}. "
            "Save the file with commas between values and points within numbers."
        )
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(
            f"{path}: expected one name in the header (row 1) for every value in a row; "
            f"got {_count(len(names), 'name')} and more values. "
            + (
                about_header(names[0], alone=len(names) == 1)
                or "Mend the header, or commas at line ends or within numbers."
            )
        )
    refuse_twins([name for name in names if name], str(path))
    return _numbered(frame, path)


def _ragged(path: Path, first: str, error: Exception) -> DataError:
    """The error about a row that has more values than the rows before."""
    found = _FIELDS.search(str(error))
    if found is None:
        return DataError(f"{path}: expected CSV text; got {first_line(error)}. Correct the file.")
    expected, row, got = found.groups()
    remedy = about_header(first, alone=expected == "1")
    remedy = remedy or "Mend the row, or commas within its values."
    return DataError(
        f"{path}, row {row}: expected {_count(int(expected), 'value')}, as in the rows before; got {got}. {remedy}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)


def _numbered(frame: pd.DataFrame, path: Path) -> Columns:
    """Columns of a CSV file: rows get the line numbers of an editor, empty lines are left out."""
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    full = frame.dropna(how="all")
    empty = len(frame) - len(full)
    notes = (f"{empty} empty row{'s' * (empty > 1)} left out",) if empty else ()
    return Columns({str(name): column for name, column in full.items()}, str(path), notes)


def _write(file: IO[bytes], arrays: Arrays) -> None:
    pd.DataFrame(arrays).to_csv(file, index=False)


def _write_compressed(file: IO[bytes], arrays: Arrays) -> None:
    pd.DataFrame(arrays).to_csv(file, index=False, compression="gzip")


FORMATS = (
    Format(name="CSV", suffix=".csv", read=_read, write=_write),
    Format(name="CSV", suffix=".csv.gz", read=_read, write=_write_compressed),
)

"""Parquet; `_stream.py` reads large files in batches."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow

from conservax.data.read._format import Arrays, Format
from conservax.data.read._sources import Columns, broken, from_frame


def _read(path: Path, columns: Sequence[str] | None, dims: int | None) -> Columns:
    del columns, dims  # notes list the other columns
    try:
        frame = pd.read_parquet(path)
    except (pyarrow.ArrowException, ValueError, OSError) as error:
        raise broken(path, "a Parquet file", error) from error
    return from_frame(frame, str(path))


def _write(file: IO[bytes], arrays: Arrays) -> None:
    pd.DataFrame(arrays).to_parquet(file, index=False)


FORMATS = (Format(name="Parquet", suffix=".parquet", read=_read, write=_write),)

"""npz: an archive of NumPy arrays."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from conservax.data.read._format import Arrays, Format
from conservax.data.read._sources import Columns, broken, from_arrays
from conservax.data.table._errors import DataError


def _read(path: Path, columns: Sequence[str] | None, dims: int | None) -> Columns:
    del columns, dims  # notes list the other arrays
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path}: expected an .npz archive; got something else. Write it with numpy.savez."
        )
    try:
        # Never with pickle: opening a data file must not be able to run code.
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise broken(path, "arrays of numbers, text or datetime64", error) from error
    strange = [name for name, held in arrays.items() if not isinstance(held, np.ndarray)]
    if strange:
        raise DataError(f"{path}: expected arrays only; got {strange}. Write it with numpy.savez.")
    return from_arrays(arrays, str(path))


def _write(file: IO[bytes], arrays: Arrays) -> None:
    # numpy.savez takes names as keyword arguments: a column called "file" would break it.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


FORMATS = (Format(name="npz", suffix=".npz", read=_read, write=_write),)

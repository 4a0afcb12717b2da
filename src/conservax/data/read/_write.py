"""Writer of tables, whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from conservax._files import replacing
from conservax.data.read._format import Arrays
from conservax.data.read._formats import FORMATS, format_of
from conservax.data.table._errors import DataError


def check_output(path: str | os.PathLike[str], force: bool, ending: str = "") -> None:
    """Refuse to write over a file or folder that exists, or under a name of another kind.

    **Raises:** `DataError` if something is at `path` and `force` is not set, or if its name does
    not end in `ending`.
    """
    if not os.fspath(path).lower().endswith(ending):
        raise DataError(f"{path}: expected a name that ends in {ending}.")
    # Not `exists`: a link to a file that is gone would count as free.
    if os.path.lexists(path) and not force:
        raise DataError(
            f"{path}: expected a name that is free; got one that exists. "
            "Choose another, or write over it with force=True."
        )


def check_output_folder(path: str | os.PathLike[str], force: bool) -> None:
    """`check_output` for a folder: a file in its place is never replaced.

    **Raises:** `DataError` if something is at `path` and `force` is not set, or if it is a file.
    """
    check_output(path, force)
    if os.path.lexists(path) and not os.path.isdir(path):
        raise DataError(f"{path}: expected a folder; got a file. Choose another name.")


def write_table(path: str | Path, columns: Mapping[str, ArrayLike], *, force: bool = False) -> None:
    """Write named columns to a file in the format of its suffix, such as `.csv` or `.parquet`.

    The file appears complete or not at all; missing folders are made. `read_table` reads it back.

    **Arguments:**

    - `columns`: arrays of shape `(rows,)`: numbers, text, or `datetime64` in UTC.
    - `force`: whether to replace what is at `path`.

    **Raises:** `DataError` if `path` exists or cannot be written, if no format of `FORMATS`
    writes its suffix, or if the columns do not have one length.
    """
    path = Path(path)
    check_output(path, force)
    writable = [each for each in FORMATS if each.write is not None]
    write = format_of(path, writable, "Choose one of these.").write
    assert write is not None
    arrays = _arrays(columns)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial, open(partial, "wb") as file:
            write(file, arrays)
    except OSError as error:
        raise DataError(
            f"{path}: expected a file that can be written; got {error.strerror}. "
            "Choose another place."
        ) from error


def _arrays(columns: Mapping[str, ArrayLike]) -> Arrays:
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    shapes = {name: values.shape for name, values in arrays.items()}
    if len(set(shapes.values())) != 1 or any(len(shape) != 1 for shape in shapes.values()):
        raise DataError(f"expected columns of one length, shape (rows,); got {shapes}. Align them.")
    for name, values in arrays.items():
        if values.dtype.kind not in "biufUM":
            raise DataError(
                f"column {name!r}: expected numbers, text or datetime64; got {values.dtype}. "
                "Convert it with numpy.astype."
            )
    return arrays

"""h5ad: cells in AnnData.

Of a file only `obs` and the requested arrays are read, never the matrix X: ten
coordinates of a million cells are 40 MB.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from conservax.data.read._cells import gathered
from conservax.data.read._format import Format
from conservax.data.read._sources import Columns, broken, check_file
from conservax.data.table._errors import DataError


def _read(path: Path, columns: Sequence[str] | None, dims: int | None) -> Columns:
    with anndata_parts(path) as (file, read, _):
        obsm = file["obsm"]

        def load(name: str) -> Any:
            found = obsm[name]
            return read(found) if hasattr(found, "keys") else found  # a group, or a plain array

        how = {"columns": columns, "dims": dims, "source": str(path)}
        return gathered(read(file["obs"]), list(obsm), load, **how)


@contextmanager
def anndata_parts(path: Path, mode: Literal["r", "r+"] = "r") -> Iterator[tuple[Any, Any, Any]]:
    """An open .h5ad file, and what reads and writes its parts.

    **Raises:** `DataError` if the file is not an AnnData file, or the package that reads it is missing.
    """
    check_file(path)
    try:
        import h5py
        from anndata.io import read_elem, write_elem
    except ImportError as error:
        raise H5AD.missing_package(path) from error
    try:
        with h5py.File(path, mode) as file:
            yield file, read_elem, write_elem
    except DataError:
        raise
    except Exception as error:  # of h5py, or of any of the readers of anndata
        raise broken(path, "an AnnData file", error) from error


H5AD = Format(name="h5ad", suffix=".h5ad", read=_read, extra="anndata")
FORMATS = (H5AD,)

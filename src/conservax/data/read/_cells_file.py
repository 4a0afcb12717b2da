"""Cells of an .h5ad file to annotate, and a copy of the file with the annotations."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from conservax._files import replacing
from conservax.data.read._write import check_output
from conservax.data.read.formats._h5ad import H5AD, anndata_parts
from conservax.data.table._errors import DataError


@dataclass
class StoredCells:
    """Cells of a file: `obs` and all of `obsm`, without the matrix.

    **Attributes:**

    - `path`: the file.
    """

    path: Path
    obs: pd.DataFrame
    obsm: dict[str, Any]
    _held: dict[str, Any] = field(init=False)

    def __post_init__(self):
        self._held = dict(self.obsm)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "StoredCells":
        """Read an .h5ad file.

        **Raises:** `DataError` if it is of another kind, or the package that reads it is missing.
        """
        path = Path(path).expanduser()
        if path.suffix.lower() != H5AD.suffix:
            raise DataError(f"{path}: expected an .h5ad file; got {path.suffix or 'no ending'}.")
        with anndata_parts(path) as (file, read, _):
            obsm = {name: read(file["obsm"][name]) for name in file["obsm"]}
            return cls(path, read(file["obs"]), obsm)

    def write(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write a copy of the file with `obs` and the arrays of `obsm` that are new, all else as it was.

        It appears complete or not at all, and may take the place of the file itself.

        **Raises:** `DataError` if `path` exists, or cannot be written.
        """
        check_output(path, force)
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with replacing(path) as partial:
                shutil.copyfile(self.path, partial)
                with anndata_parts(partial, "r+") as (file, _, write):
                    write(file, "obs", self.obs)
                    for name, values in self.obsm.items():
                        if values is not self._held.get(name):
                            write(file["obsm"], name, values)
        except OSError as error:
            raise DataError(
                f"{path}: cannot be written ({error}). Choose another place."
            ) from error

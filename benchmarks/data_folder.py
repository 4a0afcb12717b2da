"""Folder of the data of the benchmarks, which are not shipped."""

import os
from pathlib import Path

import numpy as np

from conservax.data import DataError

ROOT = Path(__file__).parents[1]


def data_folder() -> Path:
    """Folder of the data: `$CONSERVAX_DATA`, or `../shared/data` seen from the repository's root."""
    return Path(os.environ.get("CONSERVAX_DATA", ROOT.parent / "shared" / "data"))


def stored_file(data: str, origin: str, name: str) -> Path:
    """A file of a data set.

    **Raises:** `DataError` if it is missing: where it was looked for, and where it is from.
    """
    path = data_folder() / name
    if not path.is_file():
        raise DataError(
            f"{path}: expected the data of the benchmark {data!r}; got nothing there. Set "
            f"CONSERVAX_DATA to the folder that holds {name}, as docs/benchmark_data.md describes. "
            f"Origin: {origin}."
        )
    return path


def stored_arrays(data: str, origin: str, *names: str) -> dict[str, np.ndarray]:
    """The arrays of these files of a data set, by name.

    **Raises:** `DataError` if a file is missing.
    """
    found = {}
    for name in names:
        with np.load(stored_file(data, origin, name), allow_pickle=False) as arrays:
            found |= dict(arrays)
    return found

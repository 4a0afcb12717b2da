"""Folder of the data of the benchmarks, which are not shipped."""

import os
from pathlib import Path

import numpy as np

from conservax.data import DataError

ROOT = Path(__file__).parents[1]


def data_folder() -> Path:
    """Folder of the data: `$CONSERVAX_DATA`, or `../shared/data` seen from the repository's root."""
    return Path(os.environ.get("CONSERVAX_DATA", ROOT.parent / "shared" / "data"))


def stored_arrays(data: str, origin: str, *names: str) -> dict[str, np.ndarray]:
    """The arrays of these files of a data set, by name.

    **Raises:** `DataError` if a file is missing: where it was looked for, and where it is from.
    """
    found = {}
    for name in names:
        path = data_folder() / name
        if not path.is_file():
            raise DataError(
                f"{path}: expected the data of the benchmark {data!r}; got nothing there. Set "
                f"CONSERVAX_DATA to the folder that holds {name}, an archive of arrays as "
                f"docs/benchmark_data.md describes. Origin: {origin}."
            )
        with np.load(path, allow_pickle=False) as arrays:
            found |= dict(arrays)
    return found

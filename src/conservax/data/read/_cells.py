"""Cells in AnnData: times and other columns in `obs`, coordinates in arrays of `obsm`."""

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from conservax.data.read._sources import Columns, refuse_twins
from conservax.data.table._errors import DataError

USUAL, USUAL_DIMS = "X_pca", 10


@runtime_checkable
class Cells(Protocol):
    """An AnnData object, known by what it has: a row of `obs` and of each array in `obsm` per cell."""

    obs: pd.DataFrame

    @property
    def obsm(self) -> MutableMapping[str, Any]:
        """Arrays of shape `(cells, k)` by name."""
        ...


def from_cells(cells: Cells, columns: Sequence[str] | None, dims: int | None) -> Columns:
    """The columns of `obs`, and the requested `columns` of the arrays in `obsm`."""
    obsm = cells.obsm
    source = str(getattr(cells, "path", "AnnData"))
    return gathered(
        cells.obs, list(obsm), obsm.__getitem__, columns=columns, dims=dims, source=source
    )


def column_index(array: str, column: str) -> int | None:
    """Index of a column in an array: 3 for `X_pca3` in `X_pca`; None for a column of something else."""
    number = column.removeprefix(array)
    return int(number) if column.startswith(array) and number.isdecimal() else None


def gathered(
    obs: pd.DataFrame,
    names: Sequence[str],
    load: Callable[[str], Any],
    *,
    columns: Sequence[str] | None,
    dims: int | None,
    source: str,
) -> Columns:
    """The columns of `obs`, and the requested `columns` of the arrays `names`, which `load` reads."""
    if columns is None and USUAL not in names:
        raise DataError(
            f"{source}: expected an array {USUAL!r} in obsm; got {list(names)}. "
            "Say which are the coordinates: columns=[...]."
        )
    wanted = (USUAL,) if columns is None else columns
    pairs = [(str(name), obs.iloc[:, i]) for i, name in enumerate(obs.columns)]
    arrays: dict[str, tuple[str, ...]] = {}
    for name in names:
        found = [i for column in wanted if (i := column_index(name, column)) is not None]
        if name not in wanted and not found:
            arrays[name] = ()
            continue
        held = dense_array(load(name), f"{source}, obsm {name!r}")
        arrays[name] = tuple(f"{name}{i}" for i in range(held.shape[1]))
        whole = (dims or held.shape[1]) if name in wanted else 0
        read = np.asarray(held[:, : max([whole, *(i + 1 for i in found)])])
        pairs += [(f"{name}{i}", pd.Series(values, obs.index)) for i, values in enumerate(read.T)]
    refuse_twins([name for name, _ in pairs], source)
    result = Columns(dict(pairs), source, arrays=arrays)
    if columns is not None:
        return result
    width = len(arrays[USUAL])
    usual = result.spread(wanted, min(USUAL_DIMS, width) if dims is None else dims)
    note = f"coordinates taken from the first {len(usual)} of {width} columns of obsm {USUAL!r}"
    return result._replace(notes=(note,), usual=usual)


def dense_array(held: Any, where: str) -> Any:
    """Check that an array of `obsm` is dense and has two axes, without reading it.

    **Raises:** `DataError` for a sparse array, or one of other axes.
    """
    from scipy.sparse import issparse

    if issparse(held):
        raise DataError(
            f"{where}: expected a dense array; got a sparse one. Convert it with toarray()."
        )
    held = held.to_numpy() if isinstance(held, pd.DataFrame) else held
    shape = getattr(held, "shape", None)
    if shape is None or len(shape) != 2:
        raise DataError(
            f"{where}: expected an array of shape (cells, k); got "
            f"{type(held).__name__ if shape is None else shape}. Name another."
        )
    return held

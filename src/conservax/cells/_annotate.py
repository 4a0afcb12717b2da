"""What a model says of each cell, written into the AnnData object that holds the cells."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from conservax.cells._embedding import Embedding
from conservax.data import Cells, DataError, Table, dense_array, place_in, read_rows
from conservax.model import AbstractLawInUnits

_BLOCK = 2**16  # cells whose results are held twice


def annotate(
    model: AbstractLawInUnits,
    cells: Cells,
    *,
    to: Any = None,
    embedding: str | None = None,
    key: str,
) -> None:
    """See `Model.annotate`. Nothing is written before everything is computed."""
    table, axis = rows_of(model, cells), model.units.time
    written, places = _places(cells, table, key)
    seen = None
    if embedding is not None:
        around = embedded(cells, embedding)
        if _velocity_name(embedding) == places.name:
            raise DataError(
                f"expected an embedding beside {embedding!r}, whose columns the model itself is "
                "of; its velocities are written anyway. Leave embedding out."
            )
        seen = Embedding(model.units.standardise(table.x), around)
        written[_velocity_name(embedding)] = _empty(table, 2)
    carried = at = None
    if to is not None:
        at = f"at_{axis.format(float(axis.parse(to)))}"
        carried = f"{key}_{at}"
        written[carried] = _empty(table, table.dim)
    told: dict[str, list[np.ndarray]] = defaultdict(list)
    for start in range(0, len(table), _BLOCK):
        rows = slice(start, start + _BLOCK)
        t, x = axis.to_column(table.t[rows]), table.x[rows]
        velocity = model.velocity(t, x)
        written[places.name][rows, places.columns] = velocity
        if seen is not None and embedding is not None:
            z = model.units.standardise(x)
            change = velocity / np.array(model.units.std)
            written[_velocity_name(embedding)][rows] = seen.velocity(z, change)
        if carried is not None:
            written[carried][rows], number = model.transport_with_growth(x, t, to)
            if model.law.grows:
                told[f"{key}_number_{at}"].append(number)
        told[f"{key}_log_density"].append(model.log_prob(t, x))
        if model.law.grows:
            told[f"{key}_growth"].append(model.growth(t, x))
    for name, values in written.items():
        cells.obsm[name] = values
    for name, blocks in told.items():
        cells.obs[name] = np.concatenate(blocks)


def rows_of(model: AbstractLawInUnits, cells: Cells) -> Table:
    """The cells in the order of the object, with the coordinates of the model.

    **Raises:** `DataError` if they lack a column, or are no AnnData object.
    """
    if not isinstance(cells, Cells):
        raise DataError(
            f"expected an AnnData object to write into; got {type(cells).__name__}. Read it with "
            "anndata.read_h5ad."
        )
    return read_rows(cells, like=model.units)


def embedded(cells: Cells, name: str) -> Float[np.ndarray, "cells two"]:
    """The first two columns of an array of `obsm`.

    **Raises:** `DataError` if there is none of this name, or it has not two columns of numbers.
    """
    if name not in cells.obsm:
        raise DataError(
            f"expected an embedding {name!r} in obsm; got {list(cells.obsm)}. Name one of these."
        )
    seen = np.asarray(dense_array(cells.obsm[name], f"obsm {name!r}"))
    if seen.shape[1] < 2 or seen.dtype.kind not in "fiu":
        raise DataError(
            f"obsm {name!r}: expected numbers of shape (cells, 2); got {seen.dtype} of shape "
            f"{seen.shape}. Name another."
        )
    lost = np.flatnonzero(~np.isfinite(seen[:, :2]).all(1))
    if len(lost):
        raise DataError(
            f"obsm {name!r}, row {cells.obs.index[lost[0]]}: expected finite numbers; got "
            f"{seen[lost[0], :2].tolist()}. Leave such cells out."
        )
    return seen[:, :2]


class _Places(NamedTuple):
    """Where velocities go: an array of `obsm`, and its columns."""

    name: str
    columns: list[int]


def _places(cells: Cells, table: Table, key: str) -> tuple[dict[str, np.ndarray], _Places]:
    """An array beside the one that all coordinates are from, or else beside a new one of them."""
    for name in cells.obsm:
        found = [place_in(name, column) for column in table.columns]
        places = [place for place in found if place is not None]
        if len(places) == len(found):
            velocity = _velocity_name(name)
            width = cells.obsm[name].shape[1]
            return {velocity: _empty(table, width)}, _Places(velocity, places)
    arrays = {f"X_{key}": table.x.astype(np.float32), f"velocity_{key}": _empty(table, table.dim)}
    return arrays, _Places(f"velocity_{key}", list(range(table.dim)))


def _velocity_name(basis: str) -> str:
    """`velocity_umap` for `X_umap`: where scVelo looks for velocities in an embedding."""
    return f"velocity_{basis.removeprefix('X_')}"


def _empty(table: Table, width: int) -> Float[np.ndarray, "cells width"]:
    return np.full((len(table), width), np.nan, np.float32)

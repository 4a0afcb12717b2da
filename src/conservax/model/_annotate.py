"""What a model says of each cell, written into the AnnData object that holds the cells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from conservax.data import Cells, DataError, Table, place_in, read_rows
from conservax.model._model import Model
from conservax.model._projection import Embedding


def annotate(
    model: Model, cells: Cells, *, to: Any = None, embedding: str | None = None, key: str
) -> None:
    """See `Model.annotate`. Nothing is written before everything is computed."""
    table = rows_of(model, cells)
    t = model.units.time.to_column(table.t)
    velocity = model.velocity(t, table.x)
    written = _velocities(cells, table, velocity, key)
    if embedding is not None:
        seen = embedded(cells, embedding)
        scale = np.array(model.units.std)
        x = model.units.standardise(table.x)
        written[_velocity_name(embedding)] = Embedding(x, seen).velocity(x, velocity / scale)
    if to is not None:
        axis = model.units.time
        name = f"{key}_at_{axis.format(float(axis.parse(to)))}"
        written[name] = model.transport(table.x, t, to)
    log_density = model.log_prob(t, table.x)
    for name, values in written.items():
        cells.obsm[name] = values.astype(np.float32)
    cells.obs[f"{key}_log_density"] = log_density


def rows_of(model: Model, cells: Cells) -> Table:
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
    seen = np.asarray(cells.obsm[name])
    if seen.ndim != 2 or seen.shape[1] < 2 or seen.dtype.kind not in "fiu":
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


def _velocities(
    cells: Cells, table: Table, velocity: np.ndarray, key: str
) -> dict[str, np.ndarray]:
    """Velocities beside the array that all coordinates are from, else beside a new one of them."""
    found = _basis(cells, table.columns)
    if found is None:
        return {f"X_{key}": table.x, f"velocity_{key}": velocity}
    name, places = found
    whole = np.full((len(table), cells.obsm[name].shape[1]), np.nan, np.float32)
    whole[:, places] = velocity
    return {_velocity_name(name): whole}


def _basis(cells: Cells, columns: Sequence[str]) -> tuple[str, list[int]] | None:
    """The array whose columns all of these are, and which of them."""
    for name in cells.obsm:
        places = [place for column in columns if (place := place_in(name, column)) is not None]
        if len(places) == len(columns):
            return name, places
    return None


def _velocity_name(basis: str) -> str:
    """`velocity_umap` for `X_umap`: where scVelo looks for velocities in an embedding."""
    return f"velocity_{basis.removeprefix('X_')}"

"""Annotation of cells: density, velocity and transport, written into their AnnData object."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from conservax.cells._embedding import Embedding
from conservax.data import Cells, DataError, Table, column_index, dense_array, read_rows
from conservax.model import AbstractLawInUnits

_CHUNK = 2**16  # cells whose results are held twice


def annotate(
    model: AbstractLawInUnits,
    cells: Cells,
    *,
    to: Any = None,
    embedding: str | None = None,
    key: str,
) -> None:
    """Annotate cells, see `Model.annotate`. Nothing is written before everything is computed."""
    table, axis = rows_of(model, cells), model.units.time
    written, target = _velocity_target(cells, table, key)
    seen = None
    if embedding is not None:
        around = embedded(cells, embedding)
        if _velocity_name(embedding) == target.name:
            raise DataError(
                f"expected an embedding beside {embedding!r}, whose columns the model itself is "
                "of; its velocities are written anyway. Leave embedding out."
            )
        seen = Embedding(model.units.standardise(table.x), around)
        written[_velocity_name(embedding)] = _empty(table, 2)
    transported = at = None
    if to is not None:
        at = f"at_{axis.format(float(axis.parse(to)))}"
        transported = f"{key}_{at}"
        written[transported] = _empty(table, table.dim)
    columns: dict[str, list[np.ndarray]] = defaultdict(list)
    for start in range(0, len(table), _CHUNK):
        rows = slice(start, start + _CHUNK)
        t, x = axis.to_column(table.t[rows]), table.x[rows]
        velocity = model.velocity(t, x)
        written[target.name][rows, target.columns] = velocity
        if seen is not None and embedding is not None:
            z = model.units.standardise(x)
            change = velocity / np.array(model.units.std)
            written[_velocity_name(embedding)][rows] = seen.velocity(z, change)
        if transported is not None:
            written[transported][rows], number = model.transport_with_growth(x, t, to)
            if model.law.grows:
                columns[f"{key}_number_{at}"].append(number)
        columns[f"{key}_log_density"].append(model.log_prob(t, x))
        if model.law.grows:
            columns[f"{key}_growth"].append(model.growth(t, x))
    for name, values in written.items():
        cells.obsm[name] = values
    for name, parts in columns.items():
        cells.obs[name] = np.concatenate(parts)


def rows_of(model: AbstractLawInUnits, cells: Cells) -> Table:
    """The cells in the order of the object, with the coordinates of the model.

    **Raises:** `DataError` if they lack a column, or are not an AnnData object.
    """
    if not isinstance(cells, Cells):
        raise DataError(
            f"expected an AnnData object to write into; got {type(cells).__name__}. Read it with "
            "anndata.read_h5ad."
        )
    return read_rows(cells, schema=model.units)


def embedded(cells: Cells, name: str) -> Float[np.ndarray, "cells two"]:
    """The first two columns of an array of `obsm`.

    **Raises:** `DataError` if there is none of this name, or it does not have two columns of numbers.
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


class _VelocityColumns(NamedTuple):
    """Array of `obsm` for velocities, and its columns."""

    name: str
    columns: list[int]


def _velocity_target(
    cells: Cells, table: Table, key: str
) -> tuple[dict[str, np.ndarray], _VelocityColumns]:
    """Velocity array beside the one that all coordinates are from, or else beside a new one of them."""
    for name in cells.obsm:
        found = [column_index(name, column) for column in table.columns]
        target = [index for index in found if index is not None]
        if len(target) == len(found):
            velocity = _velocity_name(name)
            width = cells.obsm[name].shape[1]
            return {velocity: _empty(table, width)}, _VelocityColumns(velocity, target)
    arrays = {f"X_{key}": table.x.astype(np.float32), f"velocity_{key}": _empty(table, table.dim)}
    return arrays, _VelocityColumns(f"velocity_{key}", list(range(table.dim)))


def _velocity_name(basis: str) -> str:
    """`velocity_umap` for `X_umap`: where scVelo looks for velocities in an embedding."""
    return f"velocity_{basis.removeprefix('X_')}"


def _empty(table: Table, width: int) -> Float[np.ndarray, "cells width"]:
    return np.full((len(table), width), np.nan, np.float32)

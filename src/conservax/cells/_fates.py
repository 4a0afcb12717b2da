"""Descendants and ancestors of a group of cells, by transport along the model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from conservax.cells._annotate import rows_of
from conservax.cells._neighbours import neighbours
from conservax.data import Cells, DataError, Table, TimeAxis
from conservax.model import AbstractLawInUnits

Group = Mapping[str, Any] | ArrayLike


def transport_cells(
    model: AbstractLawInUnits,
    cells: Cells,
    group: Group,
    *,
    t0: Any,
    t1: Any,
    key: str,
    count: int,
    growth: bool,
    diffusion: float,
    seed: int,
) -> Float[np.ndarray, "transported dim"]:
    """Transport of a group of cells between snapshots: `Model.push` and `Model.pull`."""
    if count < 1:
        raise DataError(f"expected at least one of the nearest cells; got neighbours={count}.")
    table, axis = rows_of(model, cells), model.units.time
    _check_key(cells, key, {axis.name, *(group if isinstance(group, Mapping) else ())})
    in_group = _in_group(cells, group) & _snapshot(table, axis, t0)
    if not in_group.any():
        held = np.unique(table.t[_in_group(cells, group)])
        raise DataError(
            f"expected cells of the group at {axis.name} = {axis.format(float(axis.parse(t0)))}; "
            f"got none. It has cells at {', '.join(map(axis.format, held.tolist())) or 'no time'}."
        )
    others = _snapshot(table, axis, t1)
    noise = {"diffusion": diffusion, "seed": seed}
    transported, number = model.transport_with_growth(table.x[in_group], t0, t1, **noise)
    fraction = np.full(len(table), np.nan)
    fraction[others] = _fractions(
        model.units.standardise(transported),
        number if growth else np.ones(len(number)),
        model.units.standardise(table.x[others]),
        count,
    )
    cells.obs[key] = fraction
    return transported


def _fractions(
    transported: np.ndarray, number: np.ndarray, others: np.ndarray, count: int
) -> Float[np.ndarray, " others"]:
    """Fraction of the transported points, each weighed by its number, that falls to each of the others."""
    total = np.zeros(len(others))
    for rows, nearest, weight in neighbours(transported, others, count):
        part = weight * number[rows, None]
        total += np.bincount(nearest.ravel(), part.ravel(), minlength=len(others))
    return total / number.sum()


def _check_key(cells: Cells, key: str, used: set[str]) -> None:
    """Refuse a column of obs to write to that holds anything but earlier fractions."""
    if not key or "/" in key:
        raise DataError(f"expected a key without slashes; got {key!r}. Name another key=...")
    if key not in cells.obs:
        return
    held = cells.obs[key]
    fractions = held.dtype.kind == "f" and (held.isna() | held.between(0, 1)).all()
    if key in used or not fractions:
        raise DataError(
            f"expected a new column of obs to write fractions to; got {key!r}, which holds "
            "something else. Name another key=..."
        )


def _snapshot(table: Table, axis: TimeAxis, time: Any) -> Bool[np.ndarray, " cells"]:
    """Mask of the cells of a time."""
    at = float(axis.parse(time))
    here = table.t == at
    if not here.any():
        there = np.unique(table.t)
        listed = ", ".join(map(axis.format, there[:20].tolist())) + ", ..." * (len(there) > 20)
        raise DataError(
            f"expected a {axis.name} that cells have; got {axis.format(at)}. There are {listed}."
        )
    return here


def _in_group(cells: Cells, group: Group) -> Bool[np.ndarray, " cells"]:
    """Mask of the cells of a group, of any time."""
    if not isinstance(group, Mapping):
        mask = np.asarray(group)
        if mask.dtype != bool or mask.shape != (len(cells.obs),):
            raise DataError(
                f"expected a group as {len(cells.obs)} booleans, one per cell, or as a column of obs "
                f'and its value, {{"cell_type": "neuron"}}; got {mask.dtype} of shape {mask.shape}.'
            )
        return mask
    chosen = np.ones(len(cells.obs), bool)
    for name, wanted in group.items():
        if name not in cells.obs:
            raise DataError(f"expected a column {name!r} of obs; got {list(cells.obs)}.")
        values = cells.obs[name]
        wanted = [wanted] if np.ndim(wanted) == 0 else list(wanted)
        there = values.unique().tolist()
        strange = [value for value in wanted if value not in there]
        if strange:
            raise DataError(
                f"obs {name!r}: expected values that cells have; got {strange}. There are "
                f"{there[:20]}{' and more' * (len(there) > 20)}."
            )
        chosen &= values.isin(wanted).to_numpy()
    return chosen

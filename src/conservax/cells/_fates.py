"""Where a group of cells goes, and where it came from."""

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


def carry(
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
) -> Float[np.ndarray, "carried dim"]:
    """See `Model.push` and `Model.pull`."""
    if count < 1:
        raise DataError(f"expected at least one of the nearest cells; got neighbours={count}.")
    table, axis = rows_of(model, cells), model.units.time
    _check_key(cells, key, {axis.name, *(group if isinstance(group, Mapping) else ())})
    members = _members(cells, group) & _snapshot(table, axis, t0)
    if not members.any():
        held = np.unique(table.t[_members(cells, group)])
        raise DataError(
            f"expected cells of the group at {axis.name} = {axis.format(float(axis.parse(t0)))}; "
            f"got none. It has cells at {', '.join(map(axis.format, held.tolist())) or 'no time'}."
        )
    others = _snapshot(table, axis, t1)
    noise = {"diffusion": diffusion, "seed": seed}
    carried, number = model.transport_with_growth(table.x[members], t0, t1, **noise)
    share = np.full(len(table), np.nan)
    share[others] = _shares(
        model.units.standardise(carried),
        number if growth else np.ones(len(number)),
        model.units.standardise(table.x[others]),
        count,
    )
    cells.obs[key] = share
    return carried


def _shares(
    carried: np.ndarray, number: np.ndarray, others: np.ndarray, count: int
) -> Float[np.ndarray, " others"]:
    """What each of the others gets of the carried points, each of which has its number to give."""
    total = np.zeros(len(others))
    for rows, nearest, share in neighbours(carried, others, count):
        given = share * number[rows, None]
        total += np.bincount(nearest.ravel(), given.ravel(), minlength=len(others))
    return total / number.sum()


def _check_key(cells: Cells, key: str, used: set[str]) -> None:
    """Refuse a column of obs to write to that holds anything but shares of before."""
    if not key or "/" in key:
        raise DataError(f"expected a key without slashes; got {key!r}. Name another key=...")
    if key not in cells.obs:
        return
    held = cells.obs[key]
    shares = held.dtype.kind == "f" and (held.isna() | held.between(0, 1)).all()
    if key in used or not shares:
        raise DataError(
            f"expected a new column of obs to write shares to; got {key!r}, which holds "
            "something else. Name another key=..."
        )


def _snapshot(table: Table, axis: TimeAxis, time: Any) -> Bool[np.ndarray, " cells"]:
    """Which cells are of a time."""
    at = float(axis.parse(time))
    here = table.t == at
    if not here.any():
        there = np.unique(table.t)
        listed = ", ".join(map(axis.format, there[:20].tolist())) + ", ..." * (len(there) > 20)
        raise DataError(
            f"expected a {axis.name} that cells have; got {axis.format(at)}. There are {listed}."
        )
    return here


def _members(cells: Cells, group: Group) -> Bool[np.ndarray, " cells"]:
    """Which cells belong to a group, of any time."""
    if not isinstance(group, Mapping):
        mask = np.asarray(group)
        if mask.dtype != bool or mask.shape != (len(cells.obs),):
            raise DataError(
                f"expected a group as {len(cells.obs)} booleans, one a cell, or as a column of obs "
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

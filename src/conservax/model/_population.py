"""A fitted model as what snapshots can judge."""

from typing import TYPE_CHECKING

import numpy as np

from conservax.check import Population, Route
from conservax.check._population import Cells, Times
from conservax.data import DataError, Split, Table, by_time

if TYPE_CHECKING:
    from conservax.model._model import Model


def population_of(model: "Model") -> Population:
    """Draws, velocity, and every way that the law has to carry cells, in the units of its table.

    Times are numbers, or seconds since 1970-01-01 UTC, as in `Table.t`; velocities are per one of
    these.
    """
    axis = model.units.time

    def sample(t: Times, seed: int) -> Cells:
        return model.sample(axis.to_column(t), seed=seed)

    def velocity(t: Times, x: Cells) -> Cells:
        return model.velocity(axis.to_column(t), x) * (axis.scale / (axis.end - axis.start))

    def route(**options) -> Route:
        def carry(x: Cells, start: float, end: float, seed: int) -> Cells:
            ends = axis.to_column(np.array([start, end]))
            return model.transport(x, *ends, seed=seed, **options)

        return Route(carry, random="diffusion" in options)

    routes = {"ODE": route(closed=False)}
    if model.law.has_flow_map:
        routes = {"flow map": route()} | routes
    if not callable(model.law.diffusion) and model.law.diffusion:
        routes["SDE"] = route(diffusion=model.law.diffusion)
    return Population(sample, routes, velocity)


def held_out_snapshots(
    parts: Split | None, table: Table | None, others: Table | None
) -> tuple[dict[float, Cells], dict[float, Cells]]:
    """Test cells of every time, and more real cells for the floor: those given, or of the split.

    **Raises:** `DataError` if there are none.
    """
    rest = [] if others is None else [others]
    if table is None:
        held_out = None if parts is None else parts.held_out()
        if parts is None or held_out is None:
            raise DataError("expected held-out rows; got none. Give a table of snapshots.")
        table = held_out[1]
        rest = rest or [part for part in parts if part is not table and len(part)]
    pool: dict[float, list[Cells]] = {}
    for part in rest:
        for t, x in by_time(part).items():
            pool.setdefault(t, []).append(x)
    return by_time(table), {t: np.concatenate(found) for t, found in pool.items()}

"""A fitted model as a population to evaluate on snapshots."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from jax.tree_util import Partial
from jaxtyping import Float

from conservax.check import Population, TransportMethod
from conservax.data import DataError, Split, Table, by_time
from conservax.model._over_rows import over_rows
from conservax.transport import solve_ode

Times = Float[np.ndarray, " rows"]
Positions = Float[np.ndarray, "rows dim"]

if TYPE_CHECKING:
    from conservax.model._law_in_units import AbstractLawInUnits


def population_of(model: "AbstractLawInUnits", tolerance: float, max_steps: int) -> Population:
    """Draws, velocity, and every transport method that the law has, in the units of its table.

    Times are numbers, or seconds since 1970-01-01 UTC, as in `Table.t`; velocities are per one of
    these.
    """
    axis, dtype = model.units.time, model.dtype

    def sample(t: Times, seed: int) -> Positions:
        return model.sample(axis.to_column(t), seed=seed)

    def velocity(t: Times, x: Positions) -> Positions:
        return model.velocity(axis.to_column(t), x) * (axis.scale / (axis.end - axis.start))

    def transport(x: Positions, start: float, end: float, seed: int, **options) -> Positions:
        ends = axis.to_column(np.array([start, end]))
        return model.transport(x, *ends, seed=seed, **options)

    def solve(x: Positions, start: float, end: float, seed: int) -> Positions:
        del seed
        z = model.units.standardise(x).astype(dtype)
        times = np.tile(axis.to_unit([start, end]).astype(dtype), (len(z), 1))
        return model.units.restore(
            over_rows(Partial(_solve, model.law, tolerance, max_steps), z, times)
        )

    diffusion = model.law.diffusion
    methods = {"flow map": TransportMethod(transport)} if model.law.has_flow_map else {}
    methods["ODE"] = TransportMethod(solve)
    if not callable(diffusion) and diffusion:
        methods["SDE"] = TransportMethod(partial(transport, diffusion=diffusion), random=True)
    return Population(sample, methods, velocity)


def _solve(law, tolerance, max_steps, x, times):
    """Solution of the ODE, not finite where the solver gives up: one cell must not hide the others."""
    path = solve_ode(
        law, x, times, rtol=tolerance, atol=tolerance, max_steps=max_steps, throw=False
    )
    return path[-1]


def held_out_snapshots(
    parts: Split | None, table: Table | None, others: Table | None
) -> tuple[dict[float, Positions], dict[float, Positions]]:
    """Test cells of every time, and more real cells for the floor: from tables, or of the split.

    **Raises:** `DataError` if there are none.
    """
    rest = [] if others is None else [others]
    if table is None:
        held_out = None if parts is None else parts.held_out()
        if parts is None or held_out is None:
            raise DataError("expected held-out rows; got none. Give a table of snapshots.")
        table = held_out[1]
        rest = rest or [part for part in parts if part is not table and len(part)]
    pool: dict[float, list[Positions]] = {}
    for part in rest:
        for t, x in by_time(part).items():
            pool.setdefault(t, []).append(x)
    return by_time(table), {t: np.concatenate(found) for t, found in pool.items()}

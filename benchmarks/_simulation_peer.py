"""A flow between two snapshots that is trained by simulation, with the transport cost as a penalty."""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from diffrax import ODETerm, PIDController, Tsit5, diffeqsolve

from benchmarks.papers._simulated import solve_by_simulation
from conservax.check import Population, TransportMethod
from conservax.control import Problem, Scale
from conservax.data import Table, by_time

_TOLERANCE = 1e-5  # of the ODE, in deviations of all cells


@dataclass(frozen=True)
class Simulation:
    """Settings of training by simulation: seconds, compilation included."""

    seconds: float = 60.0


def fit_by_simulation(table: Table, settings: Simulation, *, seed: int) -> tuple[Population, float]:
    """The population of a drift that takes the first snapshot to the last at little cost, and seconds of training.

    Paths are simulated in every step; the cost is half of the mean squared length of their velocity and a
    penalty, the energy distance of their ends to the last snapshot.

    **Raises:** `ValueError` for more than two snapshots.
    """
    cells = by_time(table)
    if len(cells) != 2:
        raise ValueError(f"expected two snapshots; got {len(cells)}.")
    (start, first), (end, last) = sorted(cells.items())
    pool = np.concatenate([first, last])
    scale = Scale(pool.mean(axis=0), float(pool.std()))
    seconds, drift = solve_by_simulation(
        Problem(first, last), scale, seconds=settings.seconds, seed=seed
    )[-1]

    def transport(x: np.ndarray, begin: float, finish: float, seed: int) -> np.ndarray:
        del seed
        ends = np.interp([begin, finish], [start, end], [0.0, 1.0])
        z = jnp.asarray((x - scale.shift) / scale.scale, float)
        return np.asarray(scale.points(_solved(drift, z, jnp.asarray(ends, float))))

    return Population(None, {"ODE": TransportMethod(transport)}), seconds


@eqx.filter_jit
def _solved(drift: Callable, x: jax.Array, times: jax.Array) -> jax.Array:
    """Cells transported along the drift, forward or backward."""
    term = ODETerm(lambda t, x, drift: jax.vmap(lambda one: drift(t, one))(x))
    control = PIDController(rtol=_TOLERANCE, atol=_TOLERANCE)
    found = diffeqsolve(
        term, Tsit5(), times[0], times[1], None, x, drift, stepsize_controller=control
    )
    assert found.ys is not None
    return found.ys[-1]

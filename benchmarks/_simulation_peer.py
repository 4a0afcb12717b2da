"""A flow between two snapshots that is trained by simulation, with the transport cost as a penalty."""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.papers._simulated import solve_by_simulation
from conservax.check import Population, TransportMethod
from conservax.control import Problem, Scale
from conservax.data import Table, by_time

_SUBSTEPS = 50  # of Runge and Kutta's rule of fourth order


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
        z = jnp.asarray((x - scale.shift) / scale.scale, jnp.float32)
        return np.asarray(scale.points(_solved(drift, z, jnp.asarray(ends, jnp.float32))))

    return Population(None, {"ODE": TransportMethod(transport)}), seconds


@eqx.filter_jit
def _step(drift: Callable, x: jax.Array, t: jax.Array, dt: jax.Array) -> jax.Array:
    velocity = jax.vmap(lambda t, x: drift(t, x), in_axes=(None, 0))
    first = velocity(t, x)
    second = velocity(t + dt / 2, x + dt / 2 * first)
    third = velocity(t + dt / 2, x + dt / 2 * second)
    last = velocity(t + dt, x + dt * third)
    return x + dt / 6 * (first + 2 * second + 2 * third + last)


def _solved(drift: Callable, x: jax.Array, times: jax.Array) -> jax.Array:
    """Cells transported along the drift."""
    dt = (times[1] - times[0]) / _SUBSTEPS
    for k in range(_SUBSTEPS):
        x = _step(drift, x, times[0] + k * dt, dt)
    return x

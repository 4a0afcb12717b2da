"""How well the finite elements of the torus carry their own density: nobody can be told to be nearer to them."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates

from conservax.bench._carried import relative_error
from conservax.bench._torus_euler import TIMES, Reference, shown, torus_start

STEP = 0.005  # of time


def reference_drift(reference: Reference) -> list[dict[str, float]]:
    """A line a time: the density of the reference against the one at the start, carried by its velocity.

    Every node is followed back to the start through cubic splines of the velocity, by Runge-Kutta steps.
    """
    side = round(len(reference.nodes) ** 0.5)
    nodes = reference.nodes.astype(float)
    started = _starts(nodes)
    velocity = np.concatenate([(started[:, 1:] / started[:, :1])[None], reference.velocity])
    # The first time is too near to the start for a spline through both.
    spline = CubicSpline(np.delete((0.0, *TIMES), 1), np.delete(velocity, 1, axis=0))

    def velocity_at(t: float, x: np.ndarray) -> np.ndarray:
        grid = spline(t).reshape(side, side, 2)  # rows are of equal y
        places = x.T[::-1] * side
        return np.column_stack(
            [map_coordinates(grid[..., i], places, mode="grid-wrap") for i in (0, 1)]
        )

    lines = []
    for t, density in zip(TIMES, reference.density, strict=True):
        x, count = nodes, max(2, round(t / STEP))
        h = -t / count
        for n in range(count):
            x = _runge_kutta(velocity_at, t + n * h, x, h)
        carried = shown(_starts(x)[:, 0])
        lines.append({"t": t, "carried": relative_error(shown(density), carried)})
    return lines


def _starts(x: np.ndarray) -> np.ndarray:
    return np.asarray(jax.vmap(torus_start)(jnp.asarray(x)))


def _runge_kutta(velocity_at, t: float, x: np.ndarray, h: float) -> np.ndarray:
    first = velocity_at(t, x)
    second = velocity_at(t + h / 2, x + h / 2 * first)
    third = velocity_at(t + h / 2, x + h / 2 * second)
    fourth = velocity_at(t + h, x + h * third)
    return x + h / 6 * (first + 2 * second + 2 * third + fourth)

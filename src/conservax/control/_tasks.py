"""The task library: named problems, each with its costs and sizes."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from conservax._types import Point, Scalar, Time
from conservax.control._boundaries import GaussianMixture
from conservax.control._costs import Flocking, Potential, Workspace
from conservax.control._obstacles import Circles, Ellipses, Polygons
from conservax.control._problem import Problem
from conservax.control._worlds import circles_world, mixed_world
from conservax.data import DataError

_WEIGHT, _MARGIN = 1000.0, 0.2


def stunnel() -> Problem:
    """Round two long ellipses in an S: N((-11, -1), 0.5) to N((11, 1), 0.5), variances."""
    walls = Ellipses([[5.0, 6.0], [-5.0, -6.0]], np.sqrt([90 / 20, 90]), weight=5000.0, margin=0.3)
    return Problem(
        GaussianMixture([-11, -1], np.sqrt(0.5)),
        GaussianMixture([11, 1], np.sqrt(0.5)),
        costs=[walls],
        columns=("x", "y"),
    )


def vneck() -> Problem:
    """Through the neck y^2 < 0.36 + 2 x^2: N((-7, 0), 0.2) to N((7, 0), 0.2), variances."""
    x = np.linspace(-6, 6, 49)
    rim = np.stack([x, np.sqrt(0.36 + 2 * x**2)], axis=1)
    upper = np.concatenate([rim, [[6.0, 12.0], [-6.0, 12.0]]])
    return Problem(
        GaussianMixture([-7, 0], np.sqrt(0.2)),
        GaussianMixture([7, 0], np.sqrt(0.2)),
        costs=[Polygons([upper, upper * [1, -1]], weight=_WEIGHT, margin=_MARGIN)],
        columns=("x", "y"),
    )


def gmm() -> Problem:
    """From four modes at radius 4 to eight at radius 16, past three circles; deviations ours."""
    four, eight = (_ring(count, radius) for count, radius in ((4, 4.0), (8, 16.0)))
    blocks = Circles([[6, 6], [6, -6], [-6, -6]], 1.5, weight=100.0, margin=_MARGIN)
    return Problem(
        GaussianMixture(four, 0.5), GaussianMixture(eight, 1.0), costs=[blocks], columns=("x", "y")
    )


def linear_quadratic() -> Problem:
    """Two coordinates, each its own linear-quadratic control with noise: solved by Riccati."""
    return Problem(
        GaussianMixture([2.0, -1.0], [0.5, 1.0]),
        costs=[Potential([0.0, 0.0], scale=[4.0, 1.0])],
        terminal=lq_terminal,
        diffusion=0.7,
    )


def lq_terminal(x: Point) -> Scalar:
    """Twice the squared distance from the origin, halved."""
    return jnp.sum(x**2)


def gaussian_bridge() -> Problem:
    """A Schroedinger bridge between normals, against Brownian motion of volatility 1."""
    return Problem(
        GaussianMixture([-1.0, 0.5], [0.9, 0.4]),
        GaussianMixture([1.0, -0.5], [0.5, 1.0]),
        diffusion=1.0,
    )


def flocking() -> Problem:
    """A crowd that starts wide, and keeps together on its way past two circles."""
    blocks = Circles([[0.0, 2.2], [0.0, -2.2]], 1.2, weight=300.0, margin=_MARGIN)
    return Problem(
        GaussianMixture([-5, 0], [0.4, 1.2]),
        GaussianMixture([5, 0], [0.4, 1.2]),
        costs=[blocks, Flocking(60.0)],
        columns=("x", "y"),
    )


def swarm() -> Problem:
    """Five planar vehicles, ten coordinates, that change places on a circle without meeting.

    Pairs pay for being nearer than 1, as in (35) with the distance of the two.
    """
    angle = 2 * np.pi * np.arange(5) / 5
    places = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    walls = Workspace([-6.0] * 10, [6.0] * 10, weight=100.0)
    return Problem(
        GaussianMixture(places.ravel(), 0.15),
        GaussianMixture(-places.ravel(), 0.15),
        costs=[keep_apart, walls],
        columns=[f"{axis}{n}" for n in range(1, 6) for axis in "xy"],
    )


def keep_apart(t: Time, x: Point) -> Scalar:
    """200 softplus(4 (1 - distance^2)), summed over the pairs of vehicles."""
    places = x.reshape(-1, 2)
    first, second = np.triu_indices(len(places), 1)
    squared = jnp.sum((places[first] - places[second]) ** 2, axis=-1)
    return 200.0 * jnp.sum(jnp.logaddexp(0.0, 4 * (1.0 - squared)))


def _ring(count: int, radius: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(count) / count
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


TASKS: dict[str, Callable[[], Problem]] = {
    "stunnel": stunnel,
    "vneck": vneck,
    "gmm": gmm,
    "linear-quadratic": linear_quadratic,
    "gaussian-bridge": gaussian_bridge,
    "flocking": flocking,
    "swarm": swarm,
}


def task(name: str) -> Problem:
    """A problem by name: one of `TASKS`, or "circles-N" and "mixed-N" for the world of seed N.

    **Raises:** `DataError` for another name.
    """
    if name in TASKS:
        return TASKS[name]()
    kind, _, seed = name.rpartition("-")
    worlds = {"circles": circles_world, "mixed": mixed_world}
    if kind in worlds and seed.isdigit():
        return worlds[kind](int(seed))
    raise DataError(f"expected a task of {[*TASKS, 'circles-N', 'mixed-N']}; got {name!r}.")

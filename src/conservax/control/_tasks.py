"""Library of named control problems."""

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
    """S-shaped tunnel between two ellipses: N((-11, -1), 0.5) to N((11, 1), 0.5), variances."""
    ellipses = Ellipses(
        [[5.0, 6.0], [-5.0, -6.0]], np.sqrt([90 / 20, 90]), weight=5000.0, margin=0.3
    )
    return Problem(
        GaussianMixture([-11, -1], np.sqrt(0.5)),
        GaussianMixture([11, 1], np.sqrt(0.5)),
        costs=[ellipses],
        columns=("x", "y"),
    )


def vneck() -> Problem:
    """V-neck y^2 < 0.36 + 2 x^2: N((-7, 0), 0.2) to N((7, 0), 0.2), variances."""
    x = np.linspace(-6, 6, 49)
    edge = np.stack([x, np.sqrt(0.36 + 2 * x**2)], axis=1)
    upper = np.concatenate([edge, [[6.0, 12.0], [-6.0, 12.0]]])
    return Problem(
        GaussianMixture([-7, 0], np.sqrt(0.2)),
        GaussianMixture([7, 0], np.sqrt(0.2)),
        costs=[Polygons([upper, upper * [1, -1]], weight=_WEIGHT, margin=_MARGIN)],
        columns=("x", "y"),
    )


def gmm() -> Problem:
    """Gaussian mixtures: four modes at radius 4 to eight at radius 16, past three circles."""
    start, goal = _ring(4, 4.0), _ring(8, 16.0)
    circles = Circles([[6, 6], [6, -6], [-6, -6]], 1.5, weight=100.0, margin=_MARGIN)
    return Problem(
        GaussianMixture(start, 0.5),  # the deviations are ours
        GaussianMixture(goal, 1.0),
        costs=[circles],
        columns=("x", "y"),
    )


def linear_quadratic() -> Problem:
    """Linear-quadratic control with noise in two independent coordinates, with a Riccati solution."""
    return Problem(
        GaussianMixture([2.0, -1.0], [0.5, 1.0]),
        costs=[Potential([0.0, 0.0], scale=[4.0, 1.0])],
        terminal=lq_terminal,
        diffusion=0.7,
    )


def lq_terminal(x: Point) -> Scalar:
    """Terminal cost: the squared distance from the origin."""
    return jnp.sum(x**2)


def gaussian_bridge() -> Problem:
    """Schroedinger bridge between normals, relative to Brownian motion of volatility 1."""
    return Problem(
        GaussianMixture([-1.0, 0.5], [0.9, 0.4]),
        GaussianMixture([1.0, -0.5], [0.5, 1.0]),
        diffusion=1.0,
    )


def flocking() -> Problem:
    """Flocking: a wide population that stays together past two circles."""
    circles = Circles([[0.0, 2.2], [0.0, -2.2]], 1.2, weight=300.0, margin=_MARGIN)
    return Problem(
        GaussianMixture([-5, 0], [0.4, 1.2]),
        GaussianMixture([5, 0], [0.4, 1.2]),
        costs=[circles, Flocking(60.0)],
        columns=("x", "y"),
    )


def swarm() -> Problem:
    """Swarm of five planar vehicles, ten coordinates, that swap positions on a circle.

    Pairs nearer than 1 are penalised, as in (35) with the distance of the two.
    """
    angle = 2 * np.pi * np.arange(5) / 5
    positions = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    workspace = Workspace([-6.0] * 10, [6.0] * 10, weight=100.0)
    return Problem(
        GaussianMixture(positions.ravel(), 0.15),
        GaussianMixture(-positions.ravel(), 0.15),
        costs=[pairwise_repulsion, workspace],
        columns=[f"{axis}{n}" for n in range(1, 6) for axis in "xy"],
    )


def pairwise_repulsion(t: Time, x: Point) -> Scalar:
    """Repulsion 200 softplus(4 (1 - distance^2)), summed over pairs of vehicles."""
    positions = x.reshape(-1, 2)
    first, second = np.triu_indices(len(positions), 1)
    squared = jnp.sum((positions[first] - positions[second]) ** 2, axis=-1)
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
    """Control problem by name: one of `TASKS`, or "circles-N" and "mixed-N" for the world of seed N.

    **Raises:** `DataError` for another name.
    """
    if name in TASKS:
        return TASKS[name]()
    kind, _, seed = name.rpartition("-")
    worlds = {"circles": circles_world, "mixed": mixed_world}
    if kind in worlds and seed.isdigit():
        return worlds[kind](int(seed))
    raise DataError(f"expected a task of {[*TASKS, 'circles-N', 'mixed-N']}; got {name!r}.")

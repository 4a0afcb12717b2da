"""Check of collisions: the fraction of paths that collide, weights of obstacles, advice."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from conservax.check import CheckResult, digits_apart
from conservax.control._costs import name_of
from conservax.control._obstacles import AbstractObstacles
from conservax.control._problem import Problem

MAX_COLLISIONS = 0.01  # largest fraction of the paths that passes the check
_FACTOR = 10
_COSTS = (10.0, 100.0, 1000.0)  # of obstacles, in costs of the straight line


class ObstacleWarning(UserWarning):
    """Too many paths of a plan collide with an obstacle."""


class RepeatWarning(UserWarning):
    """A plan is solved again, with larger weights of the obstacles."""


def percent(fraction: float) -> str:
    """A fraction in percent, to three digits, or more where it would read as the limit."""
    return f"{100 * fraction:.{digits_apart(fraction, MAX_COLLISIONS)}g} %"


def advice(obstacles: Sequence[AbstractObstacles], fraction: float) -> str:
    """Advice where too large a fraction of the paths collides; empty otherwise."""
    if fraction <= MAX_COLLISIONS:
        return ""
    weights = " and ".join(
        f"of {name_of(shapes).lower()} from {shapes.strength:.3g} to {_FACTOR * (shapes.strength or 1):.3g}"
        for shapes in obstacles
    )
    return (
        f"{_too_many(fraction)}: raise weight {weights}, or set a margin, more components or more "
        "bend."
    )


def collision_check(
    obstacles: Sequence[AbstractObstacles], fraction: float, paths: int, diffusion: float
) -> CheckResult:
    """Check of the fraction of paths that collide, as the model of a plan holds it."""
    detail = advice(obstacles, fraction) or f"{percent(fraction)} collide with an obstacle"
    return CheckResult(
        name="collision-free paths",
        value=fraction,
        limit=MAX_COLLISIONS,
        passed=fraction <= MAX_COLLISIONS,
        detail=f"{paths} paths, g = {diffusion:g}: {detail}",
    )


def first_collision_free(problem: Problem, unit: float, solve: Callable[[Problem], Any]) -> Any:
    """The plan with the smallest weights that passes the check of collisions, or the last one.

    Obstacles without a weight cost 10, then 100, then 1000 times the straight line at their centres.
    Warns each time that the problem is solved again.
    """
    for cost in _COSTS[:-1]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ObstacleWarning)
            solved = solve(problem.with_obstacle_weights(cost * unit))
        fraction = max(check.value for check in solved.model.settings.checks)
        if fraction <= MAX_COLLISIONS:
            return solved
        message = f"{_too_many(fraction)}: solving again with {_FACTOR} times the weight."
        warnings.warn(message, RepeatWarning, stacklevel=3)
    return solve(problem.with_obstacle_weights(_COSTS[-1] * unit))


def _too_many(fraction: float) -> str:
    return (
        f"{percent(fraction)} of paths collide with an obstacle, expected "
        f"{percent(MAX_COLLISIONS)} or fewer"
    )


def outlines(
    obstacles: Sequence[AbstractObstacles],
) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Outlines of all shapes that lie in the plane, as closed lines."""
    return tuple(
        tuple((float(x), float(y)) for x, y in line)
        for shapes in obstacles
        for line in shapes.outlines()
    )

"""Whether a plan keeps clear of its obstacles, and what to do where it does not."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from conservax.check import CheckResult, digits_apart
from conservax.control._costs import name_of
from conservax.control._obstacles import AbstractObstacles
from conservax.control._problem import Problem

MOST_HIT = 0.01  # a larger share of the paths fails the check
_RAISE = 10
_TIMES = (10.0, 100.0, 1000.0)  # costs of the straight way that an obstacle is worth


class ObstacleWarning(UserWarning):
    """A plan leads too many paths through an obstacle."""


class RepeatWarning(UserWarning):
    """A plan is solved anew, with heavier obstacles."""


def share_text(share: float) -> str:
    """A share in percent, to three digits, or more where it would look as large as the limit."""
    return f"{100 * share:.{digits_apart(share, MOST_HIT)}g} %"


def advice(obstacles: Sequence[AbstractObstacles], share: float) -> str:
    """What to say where too many paths hit something; nothing where few do."""
    if share <= MOST_HIT:
        return ""
    raised = " and ".join(
        f"of {name_of(shapes).lower()} from {shapes.strength:.3g} to {_RAISE * (shapes.strength or 1):.3g}"
        for shapes in obstacles
    )
    return (
        f"{share_text(share)} of paths hit an obstacle, expected {share_text(MOST_HIT)} or fewer: "
        f"raise weight {raised}, or give a margin, more components or more bend."
    )


def clear_paths(
    obstacles: Sequence[AbstractObstacles], share: float, paths: int, diffusion: float
) -> CheckResult:
    """The check that so many of the paths keep clear, as the model of a plan carries it."""
    told = advice(obstacles, share) or f"{share_text(share)} hit an obstacle"
    return CheckResult(
        name="paths clear of obstacles",
        value=share,
        limit=MOST_HIT,
        passed=share <= MOST_HIT,
        detail=f"{paths} paths, g = {diffusion:g}: {told}",
    )


def first_clear(problem: Problem, unit: float, solve: Callable[[Problem], Any]) -> Any:
    """The plan with the smallest weights tried that keeps clear, or the last one.

    Obstacles without a weight cost 10, then 100, then 1000 straight ways in their middle. Warns each
    time that all begins anew.
    """
    for times in _TIMES[:-1]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ObstacleWarning)
            solved = solve(problem.weighed(times * unit))
        hit = max(check.value for check in solved.model.settings.checks)
        if hit <= MOST_HIT:
            return solved
        told = (
            f"{share_text(hit)} of paths hit an obstacle, expected {share_text(MOST_HIT)} or fewer"
        )
        anew = f"{told}: solving anew with {_RAISE} times the weight."
        warnings.warn(anew, RepeatWarning, stacklevel=3)
    return solve(problem.weighed(_TIMES[-1] * unit))


def outlines(
    obstacles: Sequence[AbstractObstacles],
) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Closed lines round all shapes that lie in the plane."""
    return tuple(
        tuple((float(x), float(y)) for x, y in line)
        for shapes in obstacles
        for line in shapes.outlines()
    )

"""Random worlds of obstacles, as in the benchmark of motion planning by optimal transport."""

import numpy as np
from jaxtyping import Float

from conservax.control._boundaries import GaussianMixture
from conservax.control._costs import Cost, Entropy, Workspace
from conservax.control._obstacles import Boxes, Circles
from conservax.control._problem import Problem

_COUNT, _HALF_WIDTH, _MAX_CENTRE, _TRIES = 15, 10.0, 7.5, 51
_WEIGHT, _MARGIN, _SOFTNESS = 3000.0, 0.3, 0.25
_START, _GOAL, _DEVIATION = (-9.0, -9.0), (9.0, 9.0), 0.3


def circles_world(seed: int, *, entropy: float = 10.0) -> Problem:
    """Random world of fifteen circles of radius 1, centres uniform in [-7.5, 7.5]^2, in [-10, 10]^2.

    A circle that overlaps earlier ones is drawn again, up to 51 times, and then left out. From
    N((-9, -9), 0.3^2) to N((9, 9), 0.3^2); costs as in [hua2025, (35)], whose weights, boundary
    distributions and worlds are not published: these are ours.
    """
    rng = np.random.default_rng(seed)
    centres = _separated(rng, _COUNT)
    return _world([Circles(centres, 1.0, weight=_WEIGHT, margin=_MARGIN)], entropy)


def mixed_world(seed: int, *, entropy: float = 10.0) -> Problem:
    """Random world as `circles_world`, where up to fourteen of the obstacles are boxes of 2 by 2."""
    rng = np.random.default_rng(seed)
    boxes = int(rng.integers(0, _COUNT))
    centres = _separated(rng, _COUNT, distance=2 * np.sqrt(2))
    squares, discs = centres[:boxes], centres[boxes:]
    costs: list[Cost] = []
    if len(squares):
        options = {"weight": 2 * _WEIGHT, "margin": _MARGIN, "softness": _SOFTNESS}
        costs.append(Boxes(squares - 1, squares + 1, **options))
    if len(discs):
        costs.append(Circles(discs, 1.0, weight=_WEIGHT, margin=_MARGIN))
    return _world(costs, entropy)


def _separated(
    rng: np.random.Generator, count: int, distance: float = 2.0
) -> Float[np.ndarray, "centres 2"]:
    """At most `count` centres, no two nearer than `distance`."""
    centres = np.zeros((0, 2))
    for _ in range(count):
        for _ in range(_TRIES):
            centre = rng.uniform(-_MAX_CENTRE, _MAX_CENTRE, 2)
            if np.all(np.linalg.norm(centres - centre, axis=1) >= distance):
                centres = np.concatenate([centres, centre[None]])
                break
    return centres


def _world(costs: list[Cost], entropy: float) -> Problem:
    workspace = Workspace([-_HALF_WIDTH] * 2, [_HALF_WIDTH] * 2, weight=_WEIGHT)
    spread: list[Cost] = [Entropy(entropy)] if entropy else []
    start, goal = GaussianMixture(_START, _DEVIATION), GaussianMixture(_GOAL, _DEVIATION)
    return Problem(start, goal, costs=[*costs, workspace, *spread], columns=("x", "y"))

"""Random worlds of obstacles, after the benchmark of motion planning by optimal transport."""

import numpy as np
from jaxtyping import Float

from conservax.control._boundaries import GaussianMixture
from conservax.control._costs import Cost, Entropy, Workspace
from conservax.control._obstacles import Boxes, Circles
from conservax.control._problem import Problem

_COUNT, _HALF, _REACH, _TRIES = 15, 10.0, 7.5, 51
_WEIGHT, _MARGIN, _SOFTNESS = 3000.0, 0.3, 0.25
_START, _GOAL, _DEVIATION = (-9.0, -9.0), (9.0, 9.0), 0.3


def circles_world(seed: int, *, entropy: float = 10.0) -> Problem:
    """Fifteen circles of radius 1, centres uniform in [-7.5, 7.5]^2, in a room [-10, 10]^2.

    A circle that overlaps earlier ones is drawn anew, up to 51 times, and then left out. From
    N((-9, -9), 0.3^2) to N((9, 9), 0.3^2); costs as in [hua2025, (35)], whose weights, ends and
    worlds are not published: these are ours.
    """
    rng = np.random.default_rng(seed)
    centres = _apart(rng, _COUNT, np.zeros((0, 2)))
    return _room([Circles(centres, 1.0, weight=_WEIGHT, margin=_MARGIN)], entropy)


def mixed_world(seed: int, *, entropy: float = 10.0) -> Problem:
    """As `circles_world`, with up to fourteen of the fifteen obstacles boxes of 2 by 2."""
    rng = np.random.default_rng(seed)
    boxes = int(rng.integers(0, _COUNT))
    centres = _apart(rng, _COUNT, np.zeros((0, 2)), clear=2 * np.sqrt(2))
    squares, discs = centres[:boxes], centres[boxes:]
    costs: list[Cost] = []
    if len(squares):
        how = {"weight": 2 * _WEIGHT, "margin": _MARGIN, "softness": _SOFTNESS}
        costs.append(Boxes(squares - 1, squares + 1, **how))
    if len(discs):
        costs.append(Circles(discs, 1.0, weight=_WEIGHT, margin=_MARGIN))
    return _room(costs, entropy)


def _apart(
    rng: np.random.Generator, count: int, taken: Float[np.ndarray, "some 2"], clear: float = 2.0
) -> Float[np.ndarray, "most 2"]:
    """Centres no nearer to each other than `clear`."""
    for _ in range(count):
        for _ in range(_TRIES):
            centre = rng.uniform(-_REACH, _REACH, 2)
            if np.all(np.linalg.norm(taken - centre, axis=1) >= clear):
                taken = np.concatenate([taken, centre[None]])
                break
    return taken


def _room(costs: list[Cost], entropy: float) -> Problem:
    walls = Workspace([-_HALF] * 2, [_HALF] * 2, weight=_WEIGHT)
    crowd: list[Cost] = [Entropy(entropy)] if entropy else []
    start, goal = GaussianMixture(_START, _DEVIATION), GaussianMixture(_GOAL, _DEVIATION)
    return Problem(start, goal, costs=[*costs, walls, *crowd], columns=("x", "y"))

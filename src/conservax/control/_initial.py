"""Where a plan begins: bumps on curves from the start to the goal, some straight, some bent."""

import numpy as np
import ot

from conservax.control._boundaries import Bumps
from conservax.control._objectives import Scale
from conservax.control._problem import Problem
from conservax.control._settings import FourierTrajectories
from conservax.density import FourierTrajectory, Mixture

_SLACK = 1e-9
_NARROWEST = 1.1e-3  # a bump, in law units: a little above what a curve can be


def trajectories(
    problem: Problem, scale: Scale, model: FourierTrajectories, *, seed: int
) -> Mixture:
    """A population of trajectories in law units, that is exact or near at both ends.

    Components of start and goal are paired by optimal transport; a pair has trajectories for its share
    of the population, at least one. The first goes straight, the others are bent at random by about
    `model.bend` of the length of the journey, slow sines more than fast ones.
    """
    bumps, waves, bend = model.components, model.coefficients, model.bend
    rng = np.random.default_rng(seed)
    start = problem.start.bumps(max(1, bumps // 2))
    goal = start if problem.goal is None else problem.goal.bumps(max(1, bumps // 2))
    pairs = _pairs(start, goal)
    counts = np.maximum(1, np.round(bumps * np.array([share for *_, share in pairs]))).astype(int)
    laws, weights = [], []
    for (i, j, share), count in zip(pairs, counts, strict=True):
        ends = (np.stack([start.means[i], goal.means[j]]) - scale.shift) / scale.scale
        scales = np.stack([start.deviations[i], goal.deviations[j]]) / scale.scale
        scales = np.maximum(scales, _NARROWEST)
        length = np.linalg.norm(ends[1] - ends[0])
        for number in range(count):
            bends = (
                rng.normal(size=(waves, problem.dim)) / np.sqrt(np.arange(1, waves + 1))[:, None]
            )
            bends *= 0 if number == 0 else bend * length * np.pi / np.sqrt(2)
            laws.append(FourierTrajectory(ends, scales, bends))
            weights.append(share / count)
    return Mixture(laws, weights=weights)


def _pairs(start: Bumps, goal: Bumps) -> list[tuple[int, int, float]]:
    """Which bump goes where, and its share of the population."""
    squared = ot.dist(start.means, goal.means)
    plan = np.asarray(ot.emd(start.weights, goal.weights, squared))
    return [(int(i), int(j), float(plan[i, j])) for i, j in np.argwhere(plan > _SLACK)]

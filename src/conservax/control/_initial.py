"""Initial population of a plan: Fourier trajectories from the start to the goal."""

import numpy as np

from conservax.control._boundaries import GaussianMixture
from conservax.control._objectives import Scale
from conservax.control._problem import Problem
from conservax.control._settings import FourierTrajectories
from conservax.density import FourierTrajectory, Mixture

_SLACK = 1e-9
_MIN_SCALE = 1.1e-3  # of a component, in law units: a little above that of a Fourier trajectory


def initial_mixture(
    problem: Problem, scale: Scale, model: FourierTrajectories, *, seed: int
) -> Mixture:
    """A mixture of Fourier trajectories in law units that meets both boundary distributions.

    Components of start and goal are paired by optimal transport; a pair has trajectories in proportion
    to its mass, at least one. The first is straight; the others have random coefficients, smaller for
    higher frequencies, of about `model.bend` times the distance.
    """
    components, frequencies = model.components, np.arange(1, model.coefficients + 1)
    rng = np.random.default_rng(seed)
    start = problem.start.mixture(max(1, components // 2))
    goal = start if problem.goal is None else problem.goal.mixture(max(1, components // 2))
    pairs = _pairs(start, goal)
    counts = np.round(components * np.array([mass for *_, mass in pairs]))
    counts = np.maximum(1, counts).astype(int)
    trajectories, weights = [], []
    for (i, j, mass), count in zip(pairs, counts, strict=True):
        endpoints = (np.stack([start.means[i], goal.means[j]]) - scale.shift) / scale.scale
        scales = np.stack([start.deviations[i], goal.deviations[j]]) / scale.scale
        scales = np.maximum(scales, _MIN_SCALE)
        length = np.linalg.norm(endpoints[1] - endpoints[0])
        for number in range(count):
            coefficients = rng.normal(size=(len(frequencies), problem.dim))
            coefficients /= np.sqrt(frequencies)[:, None]
            coefficients *= 0 if number == 0 else model.bend * length * np.pi / np.sqrt(2)
            trajectories.append(FourierTrajectory(endpoints, scales, coefficients))
            weights.append(mass / count)
    return Mixture(trajectories, weights=weights)


def _pairs(start: GaussianMixture, goal: GaussianMixture) -> list[tuple[int, int, float]]:
    """Optimal coupling of the components: pairs of indices and their mass."""
    import ot

    squared = ot.dist(start.means, goal.means)
    plan = np.asarray(ot.emd(start.weights, goal.weights, squared))
    return [(int(i), int(j), float(plan[i, j])) for i, j in np.argwhere(plan > _SLACK)]

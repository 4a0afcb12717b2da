"""Initial population of a plan: Fourier trajectories from the start to the goal, or a flow from the start."""

from typing import Any

import jax
import numpy as np

from conservax._types import PRNGKey
from conservax.bijection import check_bijection
from conservax.control._boundaries import GaussianMixture
from conservax.control._objectives import Scale
from conservax.control._problem import Problem
from conservax.control._settings import FourierTrajectories
from conservax.density import (
    AbstractDensity,
    Autoregressive,
    DiagonalGaussianMixture,
    Factorized,
    FourierTrajectory,
    Mixture,
    PushForward,
)
from conservax.flux import (
    AbstractFlux,
    FactorizedFlux,
    KnotheRosenblatt,
    MixtureFlux,
    PushForwardFlux,
)
from conservax.law import ConservationLaw
from conservax.models import Flow, kind_of

_COMPONENTS = 8
_NETWORK: dict[str, Any] = {"components": 4, "width": 64, "depth": 2}
_START_COMPONENTS = 32  # at most, of a start that is pushed through a flow
_SLACK = 1e-9
_MIN_SCALE = 1.1e-3  # of a component, in law units: a little above that of a Fourier trajectory


def initial_law(
    problem: Problem, scale: Scale, model: Any, *, divergence_free: Any, seed: int
) -> ConservationLaw:
    """The law before training."""
    density_key, field_key = jax.random.split(jax.random.key(seed))
    dim = problem.dim
    if isinstance(model, FourierTrajectories):
        density = _initial_mixture(problem, scale, model, seed=seed)
    elif isinstance(model, Flow):
        density = _initial_flow(problem, scale, model, density_key)
    elif model == "factorized":
        keys = jax.random.split(density_key, _COMPONENTS)
        density = Mixture([Factorized(dim, **_NETWORK, key=k) for k in keys])
    elif model == "autoregressive":
        density = Autoregressive(dim, **_NETWORK, kernel="normal", key=density_key)
    elif callable(model):
        density = model(density_key)
        if isinstance(density, PushForward):
            check_bijection(density.bijection)
    else:
        raise TypeError(f"expected a model, a name or a function of a key; got {kind_of(model)}.")
    if not isinstance(density, AbstractDensity):
        raise TypeError(f"expected model(key) to return a density; got a {type(density).__name__}.")
    flux = _usual_flux(density)
    field = None if divergence_free is None else divergence_free(field_key)
    return ConservationLaw(density, flux, field, problem.diffusion / scale.scale)


def _usual_flux(density: AbstractDensity) -> AbstractFlux:
    if isinstance(density, Mixture):
        return MixtureFlux(FactorizedFlux())
    if isinstance(density, PushForward):
        rests = isinstance(density.base, DiagonalGaussianMixture)
        return PushForwardFlux(None if rests else _usual_flux(density.base))
    return KnotheRosenblatt()


def _initial_mixture(
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


def _initial_flow(problem: Problem, scale: Scale, model: Flow, key: PRNGKey) -> PushForward:
    """The start in law units, pushed through couplings that are the identity at t = 0.

    A start that is no mixture of normals has one fitted to it.
    """
    start = problem.start
    if not isinstance(start, GaussianMixture):
        start = start.mixture(model.components or _START_COMPONENTS)
    base = DiagonalGaussianMixture(
        (start.means - scale.shift) / scale.scale,
        start.deviations / scale.scale,
        start.weights,
        fixed=True,
    )
    return PushForward(base, model.couplings(problem.dim, key, identity_at=0.0))


def _pairs(start: GaussianMixture, goal: GaussianMixture) -> list[tuple[int, int, float]]:
    """Optimal coupling of the components: pairs of indices and their mass."""
    import ot

    squared = ot.dist(start.means, goal.means)
    plan = np.asarray(ot.emd(start.weights, goal.weights, squared))
    return [(int(i), int(j), float(plan[i, j])) for i, j in np.argwhere(plan > _SLACK)]

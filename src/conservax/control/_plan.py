"""From a problem to a plan: a law that brings the population to its goal."""

import functools
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from conservax._programs import program
from conservax._types import PRNGKey
from conservax.check import wasserstein
from conservax.control._initial import curves
from conservax.control._objectives import ControlCost, Scale, SteeringCost, costs_of
from conservax.control._obstacles import not_negative, positive
from conservax.control._paths import Paths, hits, ways, ways_used
from conservax.control._problem import Problem
from conservax.control._verdict import (
    ObstacleWarning,
    advice,
    clear_paths,
    first_clear,
    record,
)
from conservax.data import DataError, TimeAxis, Units
from conservax.density import AbstractDensity, Autoregressive, Factorized, Mixture
from conservax.field import AbstractDivergenceFree
from conservax.fitting import Model
from conservax.flux import FactorizedFlux, KnotheRosenblatt, MixtureFlux
from conservax.law import ConservationLaw
from conservax.model import over_rows
from conservax.objective import NegativeLogLikelihood, Rows
from conservax.train import ChunkReport, Stage, train
from conservax.transport import solve_ode, solve_sde

Density = Literal["curves", "factorized", "autoregressive"]
_ROWS = 200_000  # draws of each end that the likelihood sees
_EVALUATED = 32_768  # draws that the costs of a plan are averaged over
_costs = program()(costs_of)
_TRIED = 500  # paths that show whether a plan keeps clear of obstacles
_REPEATS = 4  # of the comparison with the goal
_LAWS, _NETWORK = 8, {"components": 4, "width": 64, "depth": 2}
_END_WEIGHT = {"curves": 1.0, "factorized": 30.0, "autoregressive": 30.0}


@dataclass(frozen=True)
class PlanScores:
    """What a roll-out of a plan shows.

    **Attributes:**

    - `diffusion`: of the roll-out, in the units of the problem.
    - `hit`: share of the paths that touch an obstacle anywhere on their way; None without any.
    - `terminal_w2`, `floor_w2`: exact W2 of the ends to fresh draws of the goal, and of two sets of
      such draws, as many each (means over four). NaN without a goal.
    - `ways`: homotopy classes that at least 1 % of the paths take; None without obstacles in the
      plane.
    - `paths`: how many were rolled out.
    """

    diffusion: float
    hit: float | None
    terminal_w2: float
    floor_w2: float
    ways: int | None
    paths: int


@dataclass(frozen=True)
class Plan:
    """A solved problem.

    **Attributes:**

    - `problem`: what was asked for.
    - `model`: the population in the units of the problem, over times [0, 1]: density, draws,
      velocity, drift, `report` and `animate` as for any `conservax.Model`.
    - `scale`: between the units of the problem and those of the law.
    - `unit`: the cost of the straight way, in which costs are measured in training.
    - `seconds`: that the solution took, compilation included.
    """

    problem: Problem
    model: Model
    scale: Scale
    unit: float
    seconds: float

    @property
    def law(self) -> ConservationLaw:
        """The law, in standardised units."""
        return self.model.law

    def costs(self, points: int = _EVALUATED, *, seed: int = 0) -> dict[str, float]:
        """Control, running and terminal cost and their total, over exact draws of the law."""
        key = jax.random.key(seed)
        parts = _costs(key, self.problem, self.scale, self.law, points)
        found = {name: float(value) for name, value in parts.items()}
        return found | {"total": sum(found.values())}

    def entropy(self, points: int = 4096, *, seed: int = 0) -> float:
        """-E log rho_t(X_t), averaged over t, nats."""
        t = (np.arange(points) + 0.5) / points
        return -float(self.model.log_prob(t, self.model.sample(t, seed=seed)).mean())

    def rollout(
        self,
        count: int = 1000,
        *,
        diffusion: float | None = None,
        times: int = 201,
        steps: int = 400,
        seed: int = 0,
    ) -> Paths:
        """Fresh draws of the start, carried to the end.

        Without diffusion along the ODE, with diffusion along the SDE whose drift is corrected by
        the score (9), so that the marginals are the same.

        **Arguments:**

        - `diffusion`: in the units of the problem; by default the problem's own.
        - `times`: of the paths, evenly over [0, 1].
        - `steps`: of the SDE.
        """
        g = self.problem.diffusion if diffusion is None else diffusion
        if not 0 <= g < np.inf:
            raise DataError(f"expected a diffusion of 0 or more; got {g}.")
        begin = self.model.units.standardise(self.problem.start.draw(seed + 1, count))
        grid = np.linspace(0, 1, times)
        move = Partial(_follow, self.law, jnp.asarray(grid), jax.random.key(seed))
        if g > 0:
            move = Partial(
                eqx.Partial(_shaken, steps=steps),
                self.law,
                jnp.asarray(grid),
                jax.random.key(seed),
                jnp.asarray(g / self.scale.scale),
            )
        z = over_rows(move, np.arange(count), begin.astype(_dtype(self.law)))
        return Paths(grid, self.model.units.restore(z))

    def scores(self, paths: Paths, *, diffusion: float, seed: int = 0) -> PlanScores:
        """How good these paths are; `diffusion` is what they were rolled out with."""
        w2, floor = self._arrival(paths.x[:, -1], seed)
        return PlanScores(
            diffusion=diffusion,
            hit=self._hit(paths),
            terminal_w2=w2,
            floor_w2=floor,
            ways=ways_used(ways(self.problem.obstacles, paths.x)),
            paths=len(paths.x),
        )

    def judge(self, found: Sequence[PlanScores]) -> None:
        """Let the model carry the verdicts on these roll-outs, in place of those it has.

        `model.check()`, its report and its file show them: by default there is one, on 500 paths with
        the diffusion of the problem.
        """
        obstacles = self.problem.obstacles
        judged = [
            clear_paths(obstacles, scores.hit, scores.paths, scores.diffusion)
            for scores in found
            if scores.hit is not None
        ]
        self.model.settings = self.model.settings | record(obstacles, judged)

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the model to a file; `conservax.load` reads it. Costs are code, and stay behind."""
        self.model.save(path, force=force)

    def _hit(self, paths: Paths) -> float | None:
        if not self.problem.obstacles:
            return None
        return float(np.mean(hits(self.problem.obstacles, paths.x)))

    def _arrival(self, ends: np.ndarray, seed: int) -> tuple[float, float]:
        if self.problem.goal is None:
            return np.nan, np.nan
        if not len(ends):
            raise DataError("expected paths to score; got none.")
        blocks = np.array_split(ends, min(_REPEATS, len(ends)))
        goal = self.problem.goal
        w2, floor = [], []
        for number, block in enumerate(blocks):
            draws = [goal.draw(1000 + seed + 2 * number + k, len(block)) for k in (0, 1)]
            w2.append(wasserstein(block, draws[0]))
            floor.append(wasserstein(draws[1], draws[0]))
        return float(np.mean(w2)), float(np.mean(floor))


def plan(
    problem: Problem,
    *,
    density: Density | Callable[[PRNGKey], AbstractDensity] = "curves",
    divergence_free: Callable[[PRNGKey], AbstractDivergenceFree] | None = None,
    likelihood_steps: int = 50,
    control_steps: int = 20,
    steps: int = 1500,
    bumps: int = 32,
    waves: int = 16,
    bend: float = 0.25,
    points: int = 1536,
    learning_rate: float = 0.02,
    end_weight: float | None = None,
    seed: int = 0,
    on_chunk: Callable[[ChunkReport], None] | None = None,
) -> Plan:
    """Solve a problem without simulation: all costs are averaged over exact draws of the law.

    In three stages, as in Appendix D of [hua2025]: the likelihood of draws of both ends; then also
    the control cost; then all costs (34). In the last two the sum of the costs is measured in units
    of the cost of the straight way.

    **Arguments:**

    - `density`: "curves", bumps on smooth curves, which hold the ends by themselves: the costs do
      not pull at them there, so that no weight decides how well the goal is met; "factorized", a
      mixture of eight networks (27); "autoregressive", with the Knothe-Rosenblatt flux; or a
      function of a random key that gives a density.
    - `divergence_free`: a function of a key for a divergence-free part of the flux.
    - `likelihood_steps`, `control_steps`, `steps`: lengths of the three stages.
    - `bumps`, `waves`, `bend`: of curves: how many, of how many waves each, and how far they are
      bent at random to begin with, as a share of the length of the way.
    - `points`: draws a step.
    - `end_weight`: of the likelihood of the ends, nats beside the cost of the straight way. By
      default 1 for curves, which hold their ends, and 30 for others: their ends give way by a
      share that is inverse to it.
    - `seed`: decides everything random.

    Obstacles without a weight are given one: they cost ten straight ways in their middle, and where
    more than 1 % of the paths hit one, all is solved anew with ten and a hundred times as much, and
    a warning says so.

    Warns where more than 1 % of 500 paths hit an obstacle; `plan.model.check()` fails then.

    **Raises:** `DataError` for another density, too few bumps, numbers that make no sense, or a cost
    of the mean where the density has none in closed form; `DivergedError`.
    """
    began = time.perf_counter()
    for name, value, least in (
        ("likelihood_steps", likelihood_steps, 0),
        ("control_steps", control_steps, 0),
        ("steps", steps, 0),
        ("bumps", bumps, 1),
        ("waves", waves, 1),
        ("points", points, 1),
        ("seed", seed, 0),
    ):
        _check_whole(name, value, least)
    if not likelihood_steps + control_steps + steps:
        raise DataError("expected at least one step; got none in all three stages.")
    positive("learning_rate", learning_rate)
    not_negative("bend", bend)
    if end_weight is not None:
        positive("end_weight", end_weight)
    if problem.needs_mean and density == "autoregressive":
        raise DataError(
            'a cost that takes the mean needs density="curves" or "factorized"; got "autoregressive".'
        )
    ends = [end.draw(seed + n, _ROWS) for n, end in enumerate(problem.ends())]
    unit = _straight(problem, ends)
    if any(shapes.weight is None for shapes in problem.obstacles):
        again = functools.partial(
            plan,
            density=density,
            divergence_free=divergence_free,
            likelihood_steps=likelihood_steps,
            control_steps=control_steps,
            steps=steps,
            bumps=bumps,
            waves=waves,
            bend=bend,
            points=points,
            learning_rate=learning_rate,
            end_weight=end_weight,
            seed=seed,
            on_chunk=on_chunk,
        )
        solved = first_clear(problem, unit, again)
        return replace(solved, seconds=time.perf_counter() - began)
    both = np.concatenate(ends if len(ends) > 1 else [*ends, ends[0] + 1.0])
    scale = Scale(both.mean(0), float(np.sqrt(both.var(0).mean())))
    key = jax.random.key(seed)
    law = _law(problem, scale, density, divergence_free, key, bumps, waves, bend, seed)
    name = density if isinstance(density, str) else "autoregressive"
    weight = _END_WEIGHT[name] if end_weight is None else end_weight
    rows = Rows(
        jnp.repeat(jnp.arange(float(len(ends))), _ROWS),
        jnp.asarray((np.concatenate(ends) - scale.shift) / scale.scale, float),
    )
    held = (True, problem.goal is not None)
    control = ControlCost(problem, scale, points, unit, held)
    steering = SteeringCost(problem, scale, points, unit, held)
    nll = NegativeLogLikelihood()
    stages = (
        Stage(likelihood_steps, 1.0 * nll),
        Stage(control_steps, weight * nll + control),
        Stage(steps, weight * nll + steering),
    )
    trained = train(
        law,
        rows,
        [stage for stage in stages if stage.steps > 0],
        key=key,
        learning_rate=learning_rate,
        on_chunk=on_chunk,
    )
    axis = TimeAxis("t", "number", 0.0, 1.0)
    spread = (scale.scale,) * problem.dim
    units = Units(axis, problem.columns, tuple(scale.shift.tolist()), spread)
    settings = {"source": "plan", "density": name, "steps": steps, "seed": seed}
    history = trained.history.drop(columns="member")  # there is one
    model = Model(trained.law, units, history=history, settings=settings)
    solved = Plan(problem, model, scale, unit, time.perf_counter() - began)
    hit = solved._hit(solved.rollout(_TRIED)) if problem.obstacles else None
    g = problem.diffusion
    solved.judge([PlanScores(g, hit, np.nan, np.nan, None, _TRIED)])
    if hit is not None and (told := advice(problem.obstacles, hit)):
        warnings.warn(told, ObstacleWarning, stacklevel=2)
    return solved


def _law(
    problem: Problem, scale: Scale, density, divergence_free, key, bumps, waves, bend, seed
) -> ConservationLaw:
    """Where training begins."""
    density_key, field_key = jax.random.split(key)
    dim = problem.dim
    if density == "curves":
        built = curves(problem, scale, bumps=bumps, waves=waves, bend=bend, seed=seed)
    elif density == "factorized":
        keys = jax.random.split(density_key, _LAWS)
        built = Mixture([Factorized(dim, **_NETWORK, key=k) for k in keys])
    elif density == "autoregressive":
        built = Autoregressive(dim, **_NETWORK, kernel="normal", key=density_key)
    elif callable(density):
        built = density(density_key)
    else:
        raise DataError(f"expected a density of {list(get_args(Density))}; got {density!r}.")
    if not isinstance(built, AbstractDensity):
        raise TypeError(f"expected density(key) to give a density; got a {type(built).__name__}.")
    flux = MixtureFlux(FactorizedFlux()) if isinstance(built, Mixture) else KnotheRosenblatt()
    field = None if divergence_free is None else divergence_free(field_key)
    return ConservationLaw(built, flux, field, problem.diffusion / scale.scale)


def _straight(problem: Problem, ends: list[np.ndarray]) -> float:
    """The control cost of going from start to goal in a straight line; at least that of a spread."""
    squared = float(np.sum((ends[-1].mean(0) - ends[0].mean(0)) ** 2))
    squared += float(np.sum(ends[0].var(0) + ends[-1].var(0)))
    return 0.5 * problem.control_weight * squared


def _check_whole(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise DataError(f"{name}: expected a whole number, {least} or more; got {value!r}.")


def _dtype(law: ConservationLaw):
    return jax.tree.leaves(eqx.filter(law, eqx.is_inexact_array))[0].dtype


def _follow(law, times, key, row, z):
    del key, row
    return solve_ode(law, z, times.astype(z.dtype), rtol=1e-5, atol=1e-5)


def _shaken(law, times, key, g, row, z, *, steps):
    own = jax.random.fold_in(key, row)
    return solve_sde(own, law, z, times.astype(z.dtype), diffusion=g, steps=steps)

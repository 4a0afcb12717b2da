"""Solver of control problems: a law that brings a population to its goal, without simulation."""

import functools
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from conservax._programs import program
from conservax._types import PRNGKey
from conservax.check import wasserstein
from conservax.control._collision_check import (
    ObstacleWarning,
    advice,
    collision_check,
    first_collision_free,
    outlines,
)
from conservax.control._costs import name_of
from conservax.control._initial import initial_law
from conservax.control._model_of_plan import ModelName, checked_model, settings_of
from conservax.control._objectives import ControlCost, Scale, SteeringCost, estimate_costs
from conservax.control._paths import Paths, collisions, homotopy_classes, homotopy_classes_used
from conservax.control._problem import Problem
from conservax.control._settings import FourierTrajectories, PlanTraining, check_whole
from conservax.data import DataError, TimeAxis, Units
from conservax.density import AbstractDensity
from conservax.field import AbstractDivergenceFree
from conservax.fitting import Model
from conservax.law import ConservationLaw
from conservax.model import Settings, over_rows
from conservax.models import Flow
from conservax.objective import NegativeLogLikelihood, Rows
from conservax.train import OnChunk, Stage, Trained, Training, train
from conservax.transport import solve_ode, solve_sde

_ROWS = 200_000  # draws of each boundary distribution for the likelihood
_COST_DRAWS = 32_768  # for the costs of a plan
_costs = program()(estimate_costs)
_CHECK_PATHS = 500  # for the check of collisions
_REPEATS = 4  # of the comparison with the goal


@dataclass(frozen=True)
class PlanScores:
    """Scores of a roll-out of a plan.

    **Attributes:**

    - `diffusion`: of the roll-out, in the units of the problem.
    - `collisions`: fraction of the paths that touch an obstacle; None without obstacles.
    - `terminal_w2`, `floor_w2`: exact W2 of the final positions to fresh draws of the goal, and of two
      sets of such draws, as many each (means over four). NaN without a goal.
    - `homotopy_classes`: number of classes that hold at least 1 % of the paths; None without
      obstacles in the plane.
    - `paths`: number of paths.
    """

    diffusion: float
    collisions: float | None
    terminal_w2: float
    floor_w2: float
    homotopy_classes: int | None
    paths: int


@dataclass(frozen=True)
class Plan:
    """Solution of a control problem.

    **Attributes:**

    - `problem`: the problem that was solved.
    - `model`: the population in the units of the problem, over times [0, 1]: density, draws,
      velocity, drift, `report` and `animate` as for any `conservax.Model`.
    - `scale`: between the units of the problem and those of the law.
    - `unit`: control cost of the straight line, the unit of costs in training.
    - `seconds`: time of the solution, compilation included.
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

    def costs(self, points: int = _COST_DRAWS, *, seed: int = 0) -> dict[str, float]:
        """Control, running and terminal cost and their total, over exact draws of the law."""
        key = jax.random.key(seed)
        parts = _costs(key, self.problem, self.scale, self.law, points=points)
        costs = {name: float(value) for name, value in parts.items()}
        return costs | {"total": sum(costs.values())}

    def entropy(self, points: int = 4096, *, seed: int = 0) -> float:
        """Entropy -E log rho_t(X_t), averaged over t, nats."""
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
        """Sample paths from fresh draws of the start to t = 1.

        Without diffusion along the ODE, with diffusion along the SDE whose drift is corrected by
        the score (9), so that the marginals are the same.

        **Arguments:**

        - `diffusion`: in the units of the problem; by default the problem's own.
        - `times`: number of times of the paths, evenly over [0, 1].
        - `steps`: steps of the SDE.
        """
        g = self.problem.diffusion if diffusion is None else diffusion
        if not 0 <= g < np.inf:
            raise DataError(f"expected a diffusion of 0 or more; got {g}.")
        start = self.model.units.standardise(self.problem.start.draw(seed + 1, count))
        grid = np.linspace(0, 1, times)
        solve = Partial(_solve_ode, self.law, jnp.asarray(grid), jax.random.key(seed))
        if g > 0:
            solve = Partial(
                eqx.Partial(_solve_sde, steps=steps),
                self.law,
                jnp.asarray(grid),
                jax.random.key(seed),
                jnp.asarray(g / self.scale.scale),
            )
        z = over_rows(solve, np.arange(count), start.astype(_dtype(self.law)))
        return Paths(grid, self.model.units.restore(z))

    def scores(self, paths: Paths, *, diffusion: float, seed: int = 0) -> PlanScores:
        """Collisions, homotopy classes and distance to the goal; `diffusion` is that of the paths."""
        w2, floor = self._terminal_distance(paths.x[:, -1], seed)
        classes = homotopy_classes(self.problem.obstacles, paths.x)
        return PlanScores(
            diffusion=diffusion,
            collisions=self._collisions(paths),
            terminal_w2=w2,
            floor_w2=floor,
            homotopy_classes=homotopy_classes_used(classes),
            paths=len(paths.x),
        )

    def record_checks(self, scores: Sequence[PlanScores]) -> None:
        """Store a check of collisions per roll-out in the model, in place of those it has.

        `model.check()`, its report and its file show them: by default there is one, on 500 paths with
        the diffusion of the problem.
        """
        obstacles = self.problem.obstacles
        checks = [
            collision_check(obstacles, each.collisions, each.paths, each.diffusion)
            for each in scores
            if each.collisions is not None
        ]
        weights = {name_of(shapes).lower(): shapes.weight for shapes in obstacles}
        settings = self.model.settings
        self.model.settings = replace(
            settings,
            checks=tuple(checks),
            obstacles=outlines(obstacles),
            plan=settings.plan | {"weights": weights},
        )

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the model to a file that `conservax.load` reads. Costs are code and are not saved."""
        self.model.save(path, force=force)

    def _collisions(self, paths: Paths) -> float | None:
        if not self.problem.obstacles:
            return None
        return float(np.mean(collisions(self.problem.obstacles, paths.x)))

    def _terminal_distance(self, x: np.ndarray, seed: int) -> tuple[float, float]:
        if self.problem.goal is None:
            return np.nan, np.nan
        if not len(x):
            raise DataError("expected paths to score; got none.")
        goal = self.problem.goal
        w2, floor = [], []
        for number, part in enumerate(np.array_split(x, min(_REPEATS, len(x)))):
            draws = [goal.draw(1000 + seed + 2 * number + k, len(part)) for k in (0, 1)]
            w2.append(wasserstein(part, draws[0]))
            floor.append(wasserstein(draws[1], draws[0]))
        return float(np.mean(w2)), float(np.mean(floor))


def plan(
    problem: Problem,
    *,
    model: FourierTrajectories
    | Flow
    | ModelName
    | Callable[[PRNGKey], AbstractDensity]
    | None = None,
    divergence_free: Callable[[PRNGKey], AbstractDivergenceFree] | None = None,
    training: PlanTraining = PlanTraining(),
    seed: int = 0,
    on_chunk: OnChunk | None = None,
) -> Plan:
    """Solve a control problem without simulation: costs are averaged over exact draws of the law.

    In three stages, as in Appendix D of [hua2025]: the likelihood of draws of the boundary
    distributions; then also the control cost; then all costs (34). In the last two the sum of the
    costs is divided by the control cost of the straight line.

    **Arguments:**

    - `model`: "fourier-trajectories" or their settings: components on smooth trajectories whose
      endpoints have no gradient in the costs, so that no weight decides how well the goal is met;
      "flow" or its settings, `conservax.models.Flow(width=32)`: the start itself, pushed through couplings
      that are the identity at t = 0, which is usual, without obstacles and costs of the mean, where there is no
      goal, or more than three dimensions (but not in one);
      "factorized", a mixture of eight networks (27); "autoregressive", with the Knothe-Rosenblatt
      flux; or a function of a random key that returns a density.
    - `divergence_free`: a function of a key for a divergence-free part of the flux.
    - `training`: lengths of the stages, draws per step, learning rate; what is left out is as usual for the
      model.
    - `seed`: random seed.
    - `on_chunk`: as in `conservax.fit`.

    Obstacles without a weight get one: ten times the cost of the straight line at their centres, and
    where more than 1 % of the paths collide the problem is solved again with ten and a hundred times
    as much.

    Warns where more than 1 % of 500 paths collide with an obstacle; `plan.model.check()` fails then.

    **Raises:** `DataError` for another model, or a cost of the mean where the density has none in
    closed form; `DivergedError`.
    """
    began = time.perf_counter()
    check_whole("seed", seed, 0)
    model = checked_model(model, problem)
    training = training.usual_for(model)
    draws = [each.draw(seed + n, _ROWS) for n, each in enumerate(problem.boundaries())]
    unit = _straight_line_cost(problem, draws)
    if any(shapes.weight is None for shapes in problem.obstacles):
        options = {"model": model, "divergence_free": divergence_free, "training": training}
        solve = functools.partial(plan, **options, seed=seed, on_chunk=on_chunk)
        solved = first_collision_free(problem, unit, solve)
        return replace(solved, seconds=time.perf_counter() - began)
    both = np.concatenate(draws if len(draws) > 1 else [*draws, draws[0] + 1.0])
    scale = Scale(both.mean(0), float(np.sqrt(both.var(0).mean())))
    key = jax.random.key(seed)
    rows = Rows(
        jnp.repeat(jnp.arange(float(len(draws))), _ROWS),
        jnp.asarray((np.concatenate(draws) - scale.shift) / scale.scale, float),
    )
    trained = train(
        initial_law(problem, scale, model, divergence_free=divergence_free, seed=seed),
        rows,
        _stages(problem, scale, unit, training),
        key=key,
        training=Training(learning_rate=training.learning_rate),
        on_chunk=on_chunk,
    )
    solved = Plan(
        problem,
        _in_units(problem, scale, trained, model, training, seed),
        scale,
        unit,
        time.perf_counter() - began,
    )
    collided = solved._collisions(solved.rollout(_CHECK_PATHS)) if problem.obstacles else None
    scores = PlanScores(problem.diffusion, collided, np.nan, np.nan, None, _CHECK_PATHS)
    solved.record_checks([scores])
    if collided is not None and (message := advice(problem.obstacles, collided)):
        warnings.warn(message, ObstacleWarning, stacklevel=2)
    return solved


def _stages(problem: Problem, scale: Scale, unit: float, training: PlanTraining) -> list[Stage]:
    """Stages of training: the likelihood of the boundaries; also the control cost; all costs."""
    assert training.points is not None  # filled
    assert training.boundary_weight is not None
    fixed = (True, problem.goal is not None)
    control = ControlCost(problem, scale, training.points, unit, fixed)
    steering = SteeringCost(problem, scale, training.points, unit, fixed)
    boundaries = training.boundary_weight * NegativeLogLikelihood()
    stages = (
        Stage(training.likelihood_steps, 1.0 * NegativeLogLikelihood()),
        Stage(training.control_steps, boundaries + control),
        Stage(training.steps, boundaries + steering),
    )
    return [stage for stage in stages if stage.steps > 0]


def _in_units(
    problem: Problem, scale: Scale, trained: Trained, model: Any, training: PlanTraining, seed: int
) -> Model:
    """The population in the units of the problem."""
    axis = TimeAxis("t", "number", 0.0, 1.0)
    std = (scale.scale,) * problem.dim
    units = Units(axis, problem.columns, tuple(scale.shift.tolist()), std)
    settings = Settings(source="plan", seed=seed, plan=settings_of(model) | asdict(training))
    metrics = trained.metrics.drop(columns="member")  # there is one
    return Model(trained.law, units, metrics=metrics, settings=settings)


def _straight_line_cost(problem: Problem, draws: list[np.ndarray]) -> float:
    """Control cost of a straight line from start to goal; at least that of their variances."""
    squared = float(np.sum((draws[-1].mean(0) - draws[0].mean(0)) ** 2))
    squared += float(np.sum(draws[0].var(0) + draws[-1].var(0)))
    return 0.5 * problem.control_weight * squared


def _dtype(law: ConservationLaw):
    return jax.tree.leaves(eqx.filter(law, eqx.is_inexact_array))[0].dtype


def _solve_ode(law, times, key, row, z):
    del key, row
    return solve_ode(law, z, times.astype(z.dtype), rtol=1e-5, atol=1e-5)


def _solve_sde(law, times, key, g, row, z, *, steps):
    key = jax.random.fold_in(key, row)
    return solve_sde(key, law, z, times.astype(z.dtype), diffusion=g, steps=steps)

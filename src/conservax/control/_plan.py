"""From a problem to a plan: a law that brings the population to its goal."""

import functools
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from conservax._programs import program
from conservax._types import PRNGKey
from conservax.check import wasserstein
from conservax.control._costs import name_of
from conservax.control._initial import trajectories
from conservax.control._objectives import ControlCost, Scale, SteeringCost, costs_of
from conservax.control._paths import Paths, collisions, homotopy_classes, homotopy_classes_used
from conservax.control._problem import Problem
from conservax.control._settings import FourierTrajectories, PlanTraining, check_whole
from conservax.control._verdict import (
    ObstacleWarning,
    advice,
    clear_paths,
    first_clear,
    outlines,
)
from conservax.data import DataError, TimeAxis, Units
from conservax.density import AbstractDensity, Autoregressive, Factorized, Mixture
from conservax.field import AbstractDivergenceFree
from conservax.fitting import Model
from conservax.flux import FactorizedFlux, KnotheRosenblatt, MixtureFlux
from conservax.law import ConservationLaw
from conservax.model import Settings, over_rows
from conservax.models import kind_of
from conservax.objective import NegativeLogLikelihood, Rows
from conservax.train import OnChunk, Stage, Trained, Training, train
from conservax.transport import solve_ode, solve_sde

ModelName = Literal["fourier-trajectories", "factorized", "autoregressive"]
_ROWS = 200_000  # draws of each end that the likelihood sees
_EVALUATED = 32_768  # draws that the costs of a plan are averaged over
_costs = program()(costs_of)
_TRIED = 500  # paths that show whether a plan keeps clear of obstacles
_REPEATS = 4  # of the comparison with the goal
_LAWS, _NETWORK = 8, {"components": 4, "width": 64, "depth": 2}
_HELD_ENDS, _FREE_ENDS = 1.0, 30.0  # weights of the likelihood of the ends
_USUAL = FourierTrajectories()


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
        parts = _costs(key, self.problem, self.scale, self.law, points=points)
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
            ways=homotopy_classes_used(homotopy_classes(self.problem.obstacles, paths.x)),
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
        weights = {name_of(shapes).lower(): shapes.weight for shapes in obstacles}
        settings = self.model.settings
        self.model.settings = replace(
            settings,
            checks=tuple(judged),
            obstacles=outlines(obstacles),
            plan=settings.plan | {"weights": weights},
        )

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the model to a file; `conservax.load` reads it. Costs are code, and stay behind."""
        self.model.save(path, force=force)

    def _hit(self, paths: Paths) -> float | None:
        if not self.problem.obstacles:
            return None
        return float(np.mean(collisions(self.problem.obstacles, paths.x)))

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
    model: FourierTrajectories | ModelName | Callable[[PRNGKey], AbstractDensity] = _USUAL,
    divergence_free: Callable[[PRNGKey], AbstractDivergenceFree] | None = None,
    training: PlanTraining = PlanTraining(),
    seed: int = 0,
    on_chunk: OnChunk | None = None,
) -> Plan:
    """Solve a problem without simulation: all costs are averaged over exact draws of the law.

    In three stages, as in Appendix D of [hua2025]: the likelihood of draws of both ends; then also
    the control cost; then all costs (34). In the last two the sum of the costs is measured in units
    of the cost of the straight way.

    **Arguments:**

    - `model`: "fourier-trajectories" or their settings, components on smooth trajectories, which
      hold the ends by themselves: the costs do not pull at them there, so that no weight decides how
      well the goal is met; "factorized", a mixture of eight networks (27); "autoregressive", with
      the Knothe-Rosenblatt flux; or a function of a random key that gives a density.
    - `divergence_free`: a function of a key for a divergence-free part of the flux.
    - `training`: lengths of the stages, draws per step, learning rate.
    - `seed`: decides everything random.
    - `on_chunk`: as in `conservax.fit`.

    Obstacles without a weight are given one: they cost ten straight ways in their middle, and where
    more than 1 % of the paths hit one, all is solved anew with ten and a hundred times as much.

    Warns where more than 1 % of 500 paths hit an obstacle; `plan.model.check()` fails then.

    **Raises:** `DataError` for another model, or a cost of the mean where the density has none in
    closed form; `DivergedError`.
    """
    began = time.perf_counter()
    check_whole("seed", seed, 0)
    model = _known(model, problem)
    ends = [end.draw(seed + n, _ROWS) for n, end in enumerate(problem.ends())]
    unit = _straight(problem, ends)
    if any(shapes.weight is None for shapes in problem.obstacles):
        how = {"model": model, "divergence_free": divergence_free, "training": training}
        again = functools.partial(plan, **how, seed=seed, on_chunk=on_chunk)
        solved = first_clear(problem, unit, again)
        return replace(solved, seconds=time.perf_counter() - began)
    both = np.concatenate(ends if len(ends) > 1 else [*ends, ends[0] + 1.0])
    scale = Scale(both.mean(0), float(np.sqrt(both.var(0).mean())))
    key = jax.random.key(seed)
    rows = Rows(
        jnp.repeat(jnp.arange(float(len(ends))), _ROWS),
        jnp.asarray((np.concatenate(ends) - scale.shift) / scale.scale, float),
    )
    trained = train(
        _law(problem, scale, model, divergence_free, seed),
        rows,
        _stages(problem, scale, unit, model, training),
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
    hit = solved._hit(solved.rollout(_TRIED)) if problem.obstacles else None
    g = problem.diffusion
    solved.judge([PlanScores(g, hit, np.nan, np.nan, None, _TRIED)])
    if hit is not None and (told := advice(problem.obstacles, hit)):
        warnings.warn(told, ObstacleWarning, stacklevel=2)
    return solved


def _known(model: Any, problem: Problem) -> Any:
    """The model that was asked for, if there is such."""
    if model == "fourier-trajectories":
        return FourierTrajectories()
    if isinstance(model, str) and model not in get_args(ModelName):
        raise DataError(f"expected a model of {list(get_args(ModelName))}; got {model!r}.")
    if problem.needs_mean and model == "autoregressive":
        raise DataError(
            'a cost that takes the mean needs model="fourier-trajectories" or "factorized"; got '
            '"autoregressive".'
        )
    return model


def _stages(
    problem: Problem, scale: Scale, unit: float, model: Any, training: PlanTraining
) -> list[Stage]:
    """The likelihood of the ends; also the control cost; all costs."""
    held = (True, problem.goal is not None)
    control = ControlCost(problem, scale, training.points, unit, held)
    steering = SteeringCost(problem, scale, training.points, unit, held)
    usual = _HELD_ENDS if isinstance(model, FourierTrajectories) else _FREE_ENDS
    weight = usual if training.end_weight is None else training.end_weight
    nll = NegativeLogLikelihood()
    stages = (
        Stage(training.likelihood_steps, 1.0 * nll),
        Stage(training.control_steps, weight * nll + control),
        Stage(training.steps, weight * nll + steering),
    )
    return [stage for stage in stages if stage.steps > 0]


def _in_units(
    problem: Problem, scale: Scale, trained: Trained, model: Any, training: PlanTraining, seed: int
) -> Model:
    """The population in the units of the problem."""
    axis = TimeAxis("t", "number", 0.0, 1.0)
    spread = (scale.scale,) * problem.dim
    units = Units(axis, problem.columns, tuple(scale.shift.tolist()), spread)
    settings = Settings(source="plan", seed=seed, plan=_plain(model) | asdict(training))
    metrics = trained.metrics.drop(columns="member")  # there is one
    return Model(trained.law, units, metrics=metrics, settings=settings)


def _plain(model: Any) -> dict[str, Any]:
    """A model as the settings keep it."""
    if isinstance(model, FourierTrajectories):
        return {"model": "fourier-trajectories", **asdict(model)}
    return {"model": model if isinstance(model, str) else "a density of one's own"}


def _law(
    problem: Problem, scale: Scale, model: Any, divergence_free: Any, seed: int
) -> ConservationLaw:
    """Where training begins."""
    density_key, field_key = jax.random.split(jax.random.key(seed))
    dim = problem.dim
    if isinstance(model, FourierTrajectories):
        built = trajectories(problem, scale, model, seed=seed)
    elif model == "factorized":
        keys = jax.random.split(density_key, _LAWS)
        built = Mixture([Factorized(dim, **_NETWORK, key=k) for k in keys])
    elif model == "autoregressive":
        built = Autoregressive(dim, **_NETWORK, kernel="normal", key=density_key)
    elif callable(model):
        built = model(density_key)
    else:
        raise TypeError(f"expected a model, a name or a function of a key; got {kind_of(model)}.")
    if not isinstance(built, AbstractDensity):
        raise TypeError(f"expected model(key) to give a density; got a {type(built).__name__}.")
    flux = MixtureFlux(FactorizedFlux()) if isinstance(built, Mixture) else KnotheRosenblatt()
    field = None if divergence_free is None else divergence_free(field_key)
    return ConservationLaw(built, flux, field, problem.diffusion / scale.scale)


def _straight(problem: Problem, ends: list[np.ndarray]) -> float:
    """The control cost of going from start to goal in a straight line; at least that of a spread."""
    squared = float(np.sum((ends[-1].mean(0) - ends[0].mean(0)) ** 2))
    squared += float(np.sum(ends[0].var(0) + ends[-1].var(0)))
    return 0.5 * problem.control_weight * squared


def _dtype(law: ConservationLaw):
    return jax.tree.leaves(eqx.filter(law, eqx.is_inexact_array))[0].dtype


def _follow(law, times, key, row, z):
    del key, row
    return solve_ode(law, z, times.astype(z.dtype), rtol=1e-5, atol=1e-5)


def _shaken(law, times, key, g, row, z, *, steps):
    own = jax.random.fold_in(key, row)
    return solve_sde(own, law, z, times.astype(z.dtype), diffusion=g, steps=steps)

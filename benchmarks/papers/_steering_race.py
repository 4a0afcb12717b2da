"""Objective over time of two solvers of a control problem: a plan, and simulation."""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Array, Float

from benchmarks.papers._simulated import goal_weight, simulated_cost, solve_by_simulation
from conservax.control import Plan, PlanTraining, Problem, plan

_DIVISORS = (16, 4, 1)  # of the steps, with a plan solved for each
_EULER = 200


@dataclass(frozen=True)
class CostCurve:
    """Objective after seconds of solving, compilation included; times ascend."""

    seconds: Float[np.ndarray, " times"]
    objective: Float[np.ndarray, " times"]

    def first_below(self, level: float) -> float:
        """First time at which the objective is at `level` or below; NaN if never."""
        below = np.flatnonzero(self.objective <= level)
        return float(self.seconds[below[0]]) if len(below) else float("nan")


@dataclass(frozen=True)
class SteeringRace:
    """Objective over time of a plan and of simulation.

    **Attributes:**

    - `plan`: the plan of all steps.
    - `ours`, `simulated`: each evaluated along the same fine Euler paths of its drift.
    """

    plan: Plan
    ours: CostCurve
    simulated: CostCurve

    @property
    def time_ratio(self) -> float:
        """Seconds of the simulation over ours, to the lowest objective that both reach."""
        level = max(self.ours.objective.min(), self.simulated.objective.min())
        return self.simulated.first_below(level) / self.ours.first_below(level)

    def frame(self) -> pd.DataFrame:
        """Data frame with a row per method and time."""
        curves = {"law": self.ours, "simulation": self.simulated}
        parts = [
            pd.DataFrame({"method": name, "seconds": curve.seconds, "objective": curve.objective})
            for name, curve in curves.items()
        ]
        return pd.concat(parts, ignore_index=True)


def steering_race(problem: Problem, *, steps: int, count: int) -> SteeringRace:
    """Solve by plans of a sixteenth, a quarter and all of the steps, and by simulation in equal time.

    The learning rate decays over the steps of a plan, so a shorter plan is not the beginning of a
    longer one. Each is evaluated on `count` paths.
    """
    plans = []
    for divisor in _DIVISORS:
        jax.clear_caches()  # the time of each plan includes its compilation
        plans.append(plan(problem, training=PlanTraining(steps=max(1, steps // divisor))))
    longest = plans[-1]
    jax.clear_caches()
    learned = solve_by_simulation(problem, longest.scale, seconds=longest.seconds)
    evaluate = _evaluation(longest, count)
    ours = CostCurve(
        np.array([solved.seconds for solved in plans]),
        np.array([evaluate(solved.law.drift) for solved in plans]),
    )
    simulated = CostCurve(
        np.array([found.seconds for found in learned]),
        np.array([evaluate(found.drift) for found in learned]),
    )
    return SteeringRace(longest, ours, simulated)


def _evaluation(
    solved: Plan, count: int
) -> Callable[[Callable[[Float[Array, ""], Float[Array, " dim"]], Float[Array, " dim"]]], float]:
    """Objective of a drift along fine Euler paths from the same draws of the start."""
    problem, scale = solved.problem, solved.scale
    draws = [
        jnp.asarray((each.draw(77 + n, count) - scale.shift) / scale.scale, float)
        for n, each in enumerate(problem.boundaries())
    ]
    goal, weight = (draws[1] if len(draws) > 1 else None), goal_weight(problem)
    cost = eqx.filter_jit(simulated_cost)
    key = jax.random.key(5)

    def evaluate(
        drift: Callable[[Float[Array, ""], Float[Array, " dim"]], Float[Array, " dim"]],
    ) -> float:
        return float(sum(cost(key, drift, problem, scale, draws[0], goal, weight, _EULER)))

    return evaluate

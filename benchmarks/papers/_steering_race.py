"""A problem solved by a plan and by simulation: how low each gets in how many seconds."""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Array, Float

from benchmarks.papers._simulated import goal_pull, simulated_cost, solve_by_simulation
from conservax.control import Plan, PlanTraining, Problem, plan

_SHARES = (16, 4, 1)  # of the steps, that plans of their own are solved with
_EULER = 200


@dataclass(frozen=True)
class CostCurve:
    """Objective after so many seconds of solving, compilation included; times ascend."""

    seconds: Float[np.ndarray, " times"]
    objective: Float[np.ndarray, " times"]

    def first_below(self, level: float) -> float:
        """When the objective was first at `level` or below; NaN if never."""
        below = np.flatnonzero(self.objective <= level)
        return float(self.seconds[below[0]]) if len(below) else float("nan")


@dataclass(frozen=True)
class SteeringRace:
    """What came of it.

    **Attributes:**

    - `plan`: of all steps.
    - `ours`, `simulated`: each judged along the same fine Euler paths of its drift.
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
        """A line a way and time."""
        ways = {"law": self.ours, "simulation": self.simulated}
        parts = [
            pd.DataFrame({"way": name, "seconds": way.seconds, "objective": way.objective})
            for name, way in ways.items()
        ]
        return pd.concat(parts, ignore_index=True)


def steering_race(problem: Problem, *, steps: int, count: int) -> SteeringRace:
    """Plans of a sixteenth, a quarter and all of the steps; and the simulation, for as long as the last.

    A learning rate falls over the steps that there are, so a shorter plan is one of its own and not
    the beginning of a longer one. `count` paths judge.
    """
    plans = []
    for share in _SHARES:
        jax.clear_caches()  # every plan compiles for itself
        plans.append(plan(problem, training=PlanTraining(steps=max(1, steps // share))))
    longest = plans[-1]
    jax.clear_caches()
    learned = solve_by_simulation(problem, longest.scale, seconds=longest.seconds)
    judge = _judge(longest, count)
    ours = CostCurve(
        np.array([done.seconds for done in plans]),
        np.array([judge(done.law.drift) for done in plans]),
    )
    simulated = CostCurve(
        np.array([found.seconds for found in learned]),
        np.array([judge(found.drift) for found in learned]),
    )
    return SteeringRace(longest, ours, simulated)


def _judge(
    done: Plan, count: int
) -> Callable[[Callable[[Float[Array, ""], Float[Array, " dim"]], Float[Array, " dim"]]], float]:
    """The same simulation for every drift: fine Euler paths from fresh draws of the start."""
    problem, scale = done.problem, done.scale
    ends = [
        jnp.asarray((end.draw(77 + n, count) - scale.shift) / scale.scale, float)
        for n, end in enumerate(problem.ends())
    ]
    goal, pull = (ends[1] if len(ends) > 1 else None), goal_pull(problem)
    cost = eqx.filter_jit(simulated_cost)
    key = jax.random.key(5)

    def judge(
        drift: Callable[[Float[Array, ""], Float[Array, " dim"]], Float[Array, " dim"]],
    ) -> float:
        return float(sum(cost(key, drift, problem, scale, ends[0], goal, pull, _EULER)))

    return judge

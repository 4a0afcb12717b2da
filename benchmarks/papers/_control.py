"""Figure 2 [hua2025] over random worlds, named tasks, and the same solved by simulation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.papers._steering_race import steering_race
from conservax.control import (
    Plan,
    PlanTraining,
    Problem,
    circles_world,
    draw_paths,
    plan,
    task,
)

WORLDS, QUICK_WORLDS = 10, 3
NAMED_TASKS = (
    "stunnel",
    "vneck",
    "gmm",
    "linear-quadratic",
    "gaussian-bridge",
    "flocking",
    "swarm",
)
QUICK_TASKS = NAMED_TASKS[:4]
NOISE = 0.5  # of figure 2, second row; the worlds are 20 wide
_PATHS, _QUICK_PATHS = 1000, 400
_STEPS, _QUICK_STEPS = 1500, 300


@dataclass(frozen=True)
class ControlRow:
    """One solved problem.

    **Attributes:**

    - `hit`, `hit_noise`: share of the paths that touch an obstacle, g = 0 and g = 0.5.
    - `ways`, `ways_without`: homotopy classes with entropy and without; worlds only.
    - `w2`, `floor`: of the ends to fresh draws of the goal, without noise.
    - `objective`, `simulated`: cost along Euler paths plus the pull of the goal, of the plan and of
      the drift learned by simulation in as many seconds; named tasks only.
    - `time_ratio`: seconds of the simulation over those of the plan, to the lowest objective that
      both reach.
    """

    task: str
    seconds: float
    total: float
    entropy: float
    hit: float
    hit_noise: float
    w2: float
    floor: float
    ways: float = np.nan
    ways_without: float = np.nan
    objective: float = np.nan
    simulated: float = np.nan
    time_ratio: float = np.nan


def bench_control(
    names: Sequence[str], *, worlds: int, quick: bool, out: Path, say: Callable[[str], None]
) -> Iterator[ControlRow]:
    """Solve random worlds and named tasks; draw them, and save the cost curves, in `out`."""
    solved: list[tuple[Problem, list]] = []
    for seed in range(worlds):
        row, shown = _world(seed, quick)
        solved.append(shown)
        say(f"world {seed}: {row.hit:.1%} hit, {row.ways:.0f} ways, {row.seconds:.0f} s")
        yield row
    if solved:
        rows = [list(paths) for paths in zip(*(paths for _, paths in solved), strict=True)]
        titles = [f"world {n}" for n in range(worlds)]
        problems = [problem for problem, _ in solved]
        draw_paths(problems, rows, (["g = 0", f"g = {NOISE}"], titles), out / "figure2.png")
    for name in names:
        yield _named(name, quick, out, say)


def _world(seed: int, quick: bool) -> tuple[ControlRow, tuple[Problem, list]]:
    steps, count = _sizes(quick)
    problem = circles_world(seed)
    training = PlanTraining(steps=steps)
    done = plan(problem, training=training)
    calm = plan(circles_world(seed, entropy=0.0), training=training)
    without = calm.scores(calm.rollout(count), diffusion=0.0).ways
    figures, rolled = _scores(done, count)
    return ControlRow(f"circles-{seed}", ways_without=without or np.nan, **figures), (
        problem,
        rolled,
    )


def _named(name: str, quick: bool, out: Path, say: Callable[[str], None]) -> ControlRow:
    steps, count = _sizes(quick)
    problem = task(name)
    race = steering_race(problem, steps=steps, count=count)
    race.frame().to_csv(out / f"curve-{name}.csv", index=False)
    figures, rolled = _scores(race.plan, count)
    draw_paths(
        [problem],
        [[paths] for paths in rolled],
        (["g = 0", f"g = {NOISE}"], [name]),
        out / f"{name}.png",
    )
    ours, theirs = (float(way.objective[-1]) for way in (race.ours, race.simulated))
    say(f"{name}: objective {ours:.4g}, by simulation {theirs:.4g}, times {race.time_ratio:.1f}")
    return ControlRow(name, objective=ours, simulated=theirs, time_ratio=race.time_ratio, **figures)


def _sizes(quick: bool) -> tuple[int, int]:
    return (_QUICK_STEPS, _QUICK_PATHS) if quick else (_STEPS, _PATHS)


def _scores(done: Plan, count: int) -> tuple[dict[str, Any], list]:
    rolled = [done.rollout(count, diffusion=g) for g in (0.0, NOISE)]
    calm, noisy = (done.scores(p, diffusion=g) for p, g in zip(rolled, (0.0, NOISE), strict=True))
    figures = {
        "seconds": done.seconds,
        "total": done.costs()["total"],
        "entropy": done.entropy(),
        "hit": calm.hit,
        "hit_noise": noisy.hit,
        "w2": calm.terminal_w2,
        "floor": calm.floor_w2,
        "ways": np.nan if calm.ways is None else calm.ways,
    }
    return figures, rolled

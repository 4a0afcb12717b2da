"""Control of a population, figure 2 [hua2025]: random worlds, named tasks, and a solver by simulation."""

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
    """Results of one solved problem.

    **Attributes:**

    - `collisions`, `collisions_noise`: fraction of the paths that touch an obstacle, g = 0 and 0.5.
    - `homotopy_classes`, `homotopy_classes_without_entropy`: number of classes; worlds only.
    - `w2`, `floor`: W2 of the final positions to fresh draws of the goal, without noise.
    - `objective`, `simulated`: cost along Euler paths plus the penalty of the goal, of the plan and
      of the drift learned by simulation in as many seconds; named tasks only.
    - `time_ratio`: seconds of the simulation over those of the plan, to the lowest objective that
      both reach.
    """

    task: str
    seconds: float
    total: float
    entropy: float
    collisions: float
    collisions_noise: float
    w2: float
    floor: float
    homotopy_classes: float = np.nan
    homotopy_classes_without_entropy: float = np.nan
    objective: float = np.nan
    simulated: float = np.nan
    time_ratio: float = np.nan


def bench_control(
    names: Sequence[str], *, worlds: int, quick: bool, out: Path, log: Callable[[str], None]
) -> Iterator[ControlRow]:
    """Solve random worlds and named tasks; draw them, and save the cost curves, in `out`."""
    solved: list[tuple[Problem, list]] = []
    for seed in range(worlds):
        row, shown = _world(seed, quick)
        solved.append(shown)
        log(
            f"world {seed}: {row.collisions:.1%} collisions, {row.homotopy_classes:.0f} homotopy "
            f"classes, {row.seconds:.0f} s"
        )
        yield row
    if solved:
        rows = [list(paths) for paths in zip(*(paths for _, paths in solved), strict=True)]
        titles = [f"world {n}" for n in range(worlds)]
        problems = [problem for problem, _ in solved]
        draw_paths(problems, rows, (["g = 0", f"g = {NOISE}"], titles), out / "figure2.png")
    for name in names:
        yield _named(name, quick, out, log)


def _world(seed: int, quick: bool) -> tuple[ControlRow, tuple[Problem, list]]:
    steps, count = _sizes(quick)
    problem = circles_world(seed)
    training = PlanTraining(steps=steps)
    solved = plan(problem, training=training)
    without = plan(circles_world(seed, entropy=0.0), training=training)
    classes = without.scores(without.rollout(count), diffusion=0.0).homotopy_classes
    metrics, rollouts = _scores(solved, count)
    metrics["homotopy_classes_without_entropy"] = classes or np.nan
    return ControlRow(f"circles-{seed}", **metrics), (problem, rollouts)


def _named(name: str, quick: bool, out: Path, log: Callable[[str], None]) -> ControlRow:
    steps, count = _sizes(quick)
    problem = task(name)
    race = steering_race(problem, steps=steps, count=count)
    race.frame().to_csv(out / f"curve-{name}.csv", index=False)
    metrics, rollouts = _scores(race.plan, count)
    draw_paths(
        [problem],
        [[paths] for paths in rollouts],
        (["g = 0", f"g = {NOISE}"], [name]),
        out / f"{name}.png",
    )
    ours, theirs = (float(curve.objective[-1]) for curve in (race.ours, race.simulated))
    log(f"{name}: objective {ours:.4g}, by simulation {theirs:.4g}, times {race.time_ratio:.1f}")
    return ControlRow(name, objective=ours, simulated=theirs, time_ratio=race.time_ratio, **metrics)


def _sizes(quick: bool) -> tuple[int, int]:
    return (_QUICK_STEPS, _QUICK_PATHS) if quick else (_STEPS, _PATHS)


def _scores(solved: Plan, count: int) -> tuple[dict[str, Any], list]:
    rollouts = [solved.rollout(count, diffusion=g) for g in (0.0, NOISE)]
    exact, noisy = (
        solved.scores(paths, diffusion=g) for paths, g in zip(rollouts, (0.0, NOISE), strict=True)
    )
    classes = exact.homotopy_classes
    metrics = {
        "seconds": solved.seconds,
        "total": solved.costs()["total"],
        "entropy": solved.entropy(),
        "collisions": exact.collisions,
        "collisions_noise": noisy.collisions,
        "w2": exact.terminal_w2,
        "floor": exact.floor_w2,
        "homotopy_classes": np.nan if classes is None else classes,
    }
    return metrics, rollouts

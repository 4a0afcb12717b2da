"""`conservax plan`: optimal control of a population, from a task file to paths."""

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from conservax.cli._app import ForceOption, JsonOption, answer, app, log, stderr
from conservax.control import (
    ObstacleWarning,
    Paths,
    Plan,
    PlanScores,
    RepeatWarning,
    advice,
    draw_paths,
    percent,
    plan,
    read_task,
)
from conservax.data import check_output_folder, write_table
from conservax.train import ChunkReport

EXAMPLES = """
Example:  conservax plan task.toml --out crossing

where task.toml may be

  [start]
  means = [-3, 0]
  deviations = 0.3

  [goal]
  means = [3, 0]
  deviations = 0.3

  [circles]
  centre = [[0, 0]]
  radius = 1
  weight = 300

  [entropy]
  weight = 2

or one line: task = "circles-0". docs/control.md has all keys.
"""


@app.command("plan", epilog=escape(EXAMPLES))
def plan_command(
    task: Annotated[Path, typer.Argument(help="TOML file of the problem.")],
    out: Annotated[Path, typer.Option(help="Folder for plan, paths, picture and report.")],
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Steer a population from a start to a goal at the least cost, past obstacles.

    Ends with 1 where more than 1 % of the paths collide with an obstacle.
    """
    check_output_folder(out, force)
    content = read_task(task)
    problem = content.problem

    def on_chunk(report: ChunkReport) -> None:
        parts = "  ".join(f"{name} {value:.4g}" for name, value in report.parts.items())
        log(f"step {report.step}: {parts}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ObstacleWarning)  # reported for every roll-out below
        warnings.simplefilter("always", RepeatWarning)
        solved = plan(problem, **content.solve, on_chunk=on_chunk)
    out.mkdir(parents=True, exist_ok=True)
    solved.model.metrics.to_csv(out / "metrics.csv", index=False)
    (out / "task.toml").write_bytes(task.read_bytes())
    diffusions = content.diffusions
    rollouts = [solved.rollout(content.paths, diffusion=g) for g in diffusions]
    scores = [
        solved.scores(paths, diffusion=g) for paths, g in zip(rollouts, diffusions, strict=True)
    ]
    solved.record_checks(scores)
    solved.save(out / "model.conservax", force=True)
    for paths, g in zip(rollouts, diffusions, strict=True):
        write_table(out / f"paths-g{g:g}.parquet", _columns(problem.columns, paths), force=True)
    names = [f"g = {g:g}" for g in diffusions]
    draw_paths([problem], [[paths] for paths in rollouts], (names, [task.stem]), out / "paths.png")
    log("writing the report")
    solved.model.report(out / "report.html", force=True)
    if problem.dim >= 2:
        solved.model.animate(out / "paths.gif", force=True)
    for text in _failures(solved, scores):
        stderr.print(f"[bold red]check failed:[/] {escape(text)}", soft_wrap=True)
    answer(_result(out, solved, scores), as_json, result_text(out, solved, scores))
    if _failures(solved, scores):
        raise typer.Exit(1)


def _columns(names: tuple[str, ...], paths: Paths) -> dict[str, Any]:
    count, times, _ = paths.x.shape
    x = {name: paths.x[..., i].ravel() for i, name in enumerate(names)}
    return {"path": np.repeat(np.arange(count), times), "t": np.tile(paths.times, count), **x}


def _failures(solved: Plan, scores: list[PlanScores]) -> list[str]:
    """Advice for every roll-out in which too many paths collide."""
    obstacles = solved.problem.obstacles
    texts = [(s, advice(obstacles, s.collisions)) for s in scores if s.collisions is not None]
    return [f"g = {each.diffusion:g}: {text}" for each, text in texts if text]


def _result(out: Path, solved: Plan, scores: list[PlanScores]) -> dict[str, Any]:
    return {
        "run": str(out),
        "seconds": round(solved.seconds, 1),
        "costs": solved.costs(),
        "entropy": solved.entropy(),
        "checks_passed": not _failures(solved, scores),
        "rollouts": [asdict(each) for each in scores],
    }


def result_text(out: Path, solved: Plan, scores: list[PlanScores]) -> str:
    """Costs of a plan, and a line per roll-out."""
    costs = ", ".join(f"{name} {value:.4g}" for name, value in solved.costs().items())
    lines = [
        f"solved in {solved.seconds:.0f} s; costs: {costs}; entropy {solved.entropy():.3f} nats"
    ]
    for each in scores:
        count, collided = each.homotopy_classes, each.collisions
        classes = "" if count is None else f", {count} homotopy class{'es' * (count != 1)}"
        collisions = "" if collided is None else f", {percent(collided)} collide with an obstacle"
        lines.append(
            f"g = {each.diffusion:g}: {each.paths} paths{collisions}{classes}; W2 to the goal "
            f"{each.terminal_w2:.4g} (floor {each.floor_w2:.4g})"
        )
    return "\n".join([*lines, f"Open {out / 'report.html'}"])

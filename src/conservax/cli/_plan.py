"""`conservax plan`: from a task to paths."""

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from conservax.cli._app import ForceOption, JsonOption, answer, app, say, stderr
from conservax.control import (
    ObstacleWarning,
    Paths,
    Plan,
    PlanScores,
    RepeatWarning,
    advice,
    draw_paths,
    plan,
    read_task,
    share_text,
)
from conservax.data import check_out_folder, write_table
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

    Ends with 1 where more than 1 % of the paths hit an obstacle.
    """
    check_out_folder(out, force)
    asked = read_task(task)
    problem = asked.problem

    def tell(report: ChunkReport) -> None:
        parts = "  ".join(f"{name} {value:.4g}" for name, value in report.parts.items())
        say(f"step {report.step}: {parts}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ObstacleWarning)  # said of every roll-out below
        warnings.simplefilter("always", RepeatWarning)
        solved = plan(problem, **asked.solve, on_chunk=tell)
    out.mkdir(parents=True, exist_ok=True)
    solved.model.metrics.to_csv(out / "metrics.csv", index=False)
    (out / "task.toml").write_bytes(task.read_bytes())
    rolled = [solved.rollout(asked.paths, diffusion=g) for g in asked.diffusions]
    found = [
        solved.scores(paths, diffusion=g) for paths, g in zip(rolled, asked.diffusions, strict=True)
    ]
    solved.judge(found)
    solved.save(out / "model.conservax", force=True)
    for paths, g in zip(rolled, asked.diffusions, strict=True):
        write_table(out / f"paths-g{g:g}.parquet", _columns(problem.columns, paths), force=True)
    names = [f"g = {g:g}" for g in asked.diffusions]
    draw_paths([problem], [[paths] for paths in rolled], (names, [task.stem]), out / "paths.png")
    say("writing the report")
    solved.model.report(out / "report.html", force=True)
    if problem.dim >= 2:
        solved.model.animate(out / "paths.gif", force=True)
    for text in _told(solved, found):
        stderr.print(f"[bold red]check failed:[/] {escape(text)}", soft_wrap=True)
    answer(_result(out, solved, found), as_json, _words(out, solved, found))
    if _told(solved, found):
        raise typer.Exit(1)


def _columns(names: tuple[str, ...], paths: Paths) -> dict[str, Any]:
    count, times, _ = paths.x.shape
    where = {name: paths.x[..., i].ravel() for i, name in enumerate(names)}
    return {"path": np.repeat(np.arange(count), times), "t": np.tile(paths.times, count), **where}


def _told(solved: Plan, found: list[PlanScores]) -> list[str]:
    """What to mend: for every roll-out in which too many paths hit something."""
    obstacles = solved.problem.obstacles
    told = [(s, advice(obstacles, s.hit)) for s in found if s.hit is not None]
    return [f"g = {scores.diffusion:g}: {text}" for scores, text in told if text]


def _result(out: Path, solved: Plan, found: list[PlanScores]) -> dict[str, Any]:
    return {
        "run": str(out),
        "seconds": round(solved.seconds, 1),
        "costs": solved.costs(),
        "entropy": solved.entropy(),
        "checks_passed": not _told(solved, found),
        "rollouts": [asdict(scores) for scores in found],
    }


def _words(out: Path, solved: Plan, found: list[PlanScores]) -> str:
    costs = ", ".join(f"{name} {value:.4g}" for name, value in solved.costs().items())
    lines = [
        f"solved in {solved.seconds:.0f} s; costs: {costs}; entropy {solved.entropy():.3f} nats"
    ]
    for scores in found:
        ways = (
            ""
            if scores.ways is None
            else f", {scores.ways} way{'s' * (scores.ways != 1)} round the obstacles"
        )
        hit = "" if scores.hit is None else f", {share_text(scores.hit)} hit an obstacle"
        lines.append(
            f"g = {scores.diffusion:g}: {scores.paths} paths{hit}{ways}; W2 to the goal {scores.terminal_w2:.4g} (floor {scores.floor_w2:.4g})"
        )
    return "\n".join([*lines, f"Open {out / 'report.html'}"])

"""`conservax plan` from a file to a folder."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import typer

import conservax
from conservax.cli import main
from conservax.cli._app import app
from conservax.cli._plan import _words
from conservax.control import Boxes, PlanScores, advice, read_task

TASK = """
start = {means = [-3, 0], deviations = 0.2}
goal = {means = [3, 0], deviations = 0.2}
circles = {centre = [[0, 3]], radius = 1, weight = 100}
solve = {steps = 30, components = 3, coefficients = 4, points = 48}
rollout = {paths = 12}
"""


@pytest.mark.slow
def test_a_run_has_its_files(tmp_path, capsys):
    (tmp_path / "task.toml").write_text(TASK)
    with pytest.raises(SystemExit, match="0"):
        main(["plan", str(tmp_path / "task.toml"), "--out", str(tmp_path / "run"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [scores["diffusion"] for scores in found["rollouts"]] == [0.0, 0.5]
    assert found["costs"]["total"] > 10
    paths = pd.read_parquet(tmp_path / "run" / "paths-g0.5.parquet")
    assert list(paths.columns) == ["path", "t", "x1", "x2"]
    assert len(paths) == 12 * 201
    assert (tmp_path / "run" / "paths.png").stat().st_size > 10_000
    assert (tmp_path / "run" / "report.html").exists()
    assert conservax.load(tmp_path / "run" / "model.conservax").dim == 2


def test_bad_input_ends_with_2_and_touches_nothing(tmp_path, capsys):
    (tmp_path / "task.toml").write_text(TASK.replace("radius = 1", "radius = -1"))
    with pytest.raises(SystemExit, match="2"):
        main(["plan", str(tmp_path / "task.toml"), "--out", str(tmp_path / "run")])
    assert "circles: expected a radius above 0" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def help_of(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    return capsys.readouterr().out


def test_the_example_in_the_help_is_a_task_as_printed(tmp_path, capsys, monkeypatch):
    text = help_of(["plan"], capsys, monkeypatch)
    printed = text.split("where task.toml may be")[1].split("or one line")[0]
    assert set(tomllib.loads(printed)) == {"start", "goal", "circles", "entropy"}
    (tmp_path / "task.toml").write_text(printed)
    assert len(read_task(tmp_path / "task.toml").problem.costs) == 2


COMMANDS = typer.main.get_command(app)


@pytest.mark.parametrize("name", [None, *COMMANDS.commands])
def test_no_help_loses_what_is_in_brackets(name, capsys, monkeypatch):
    command = COMMANDS if name is None else COMMANDS.commands[name]
    text = "".join(help_of([] if name is None else [name], capsys, monkeypatch).split())
    told = [command.epilog or "", command.help or ""]
    told += [getattr(parameter, "help", None) or "" for parameter in command.params]
    for word in " ".join(told).replace("\\[", "[").split():
        assert "[" not in word or word in text, word


@pytest.mark.parametrize(("ways", "said"), [(1, ", 1 way round"), (2, ", 2 ways round")])
def test_one_way_is_not_many(ways, said):
    solved = SimpleNamespace(seconds=1.0, costs=dict, entropy=float)
    assert said in _words(Path("run"), solved, [PlanScores(0.0, 0.0, 0.1, 0.1, ways, 50)])


def test_a_share_is_written_alike_wherever_it_is_said():
    solved = SimpleNamespace(seconds=1.0, costs=dict, entropy=float)
    told = advice([Boxes([[0.0]], [[1.0]])], 0.265)
    assert told.startswith("26.5 % of paths hit")
    words = _words(Path("run"), solved, [PlanScores(0.5, 0.265, 0.1, 0.1, 1, 1000)])
    assert "26.5 % hit an obstacle" in words


WALL = """
start = {means = [-3, 0], deviations = 0.2}
goal = {means = [3, 0], deviations = 0.2}
circles = {centre = [[0, 0]], radius = 2, weight = 0.01}
solve = {steps = 30, components = 3, coefficients = 4, points = 48}
rollout = {paths = 40}
"""


@pytest.mark.slow
def test_a_plan_through_a_wall_fails(tmp_path, capsys):
    (tmp_path / "task.toml").write_text(WALL)
    out = tmp_path / "run"
    with pytest.raises(SystemExit, match="1"):
        main(["plan", str(tmp_path / "task.toml"), "--out", str(out), "--json"])
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["checks_passed"] is False
    assert found["rollouts"][0]["hit"] > 0.9
    assert "raise weight of circles from 0.01 to 0.1" in " ".join(told.err.split())
    assert "member" not in pd.read_csv(out / "metrics.csv")
    report = conservax.load(out / "model.conservax").check()
    assert [result.passed for result in report.results if "clear" in result.name] == [False] * 2
    assert 'class="verdict fail"' in (out / "report.html").read_text()


TWO_WALLS = """
start = {means = [-3, 0], deviations = 0.3}
goal = {means = [3, 0], deviations = 0.3}
boxes = {low = [[-0.5, 0.5], [-0.5, -4]], high = [[0.5, 4], [0.5, -0.5]]}
rollout = {diffusion = 0}
"""


@pytest.mark.slow
def test_the_way_between_two_walls_is_found_without_a_weight(tmp_path):
    (tmp_path / "task.toml").write_text(TWO_WALLS)
    # Compiled as users have it: much faster than what tests otherwise run.
    told = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-m", "conservax", "plan", "task.toml", "--out", "run", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["checks_passed"] is True
    # By hand: nobody between the ends of the walls is off the gap.
    paths = pd.read_parquet(tmp_path / "run" / "paths-g0.parquet")
    within = (paths["x1"].abs() < 0.5) & (paths["x2"].abs() > 0.5)
    assert paths["path"][within].nunique() <= 0.01 * paths["path"].nunique()


BESIDE = """
start = {means = [-3, 0], deviations = 0.2}
goal = {means = [3, 0], deviations = 0.2}
circles = {centre = [[0, 1.6]], radius = 1, weight = 0.001}
solve = {steps = 10, control_steps = 0, components = 2, coefficients = 2, bend = 0, points = 48}
rollout = {paths = 1000, diffusion = [0, 3]}
"""


def test_the_file_holds_the_verdict_that_the_command_ends_with(tmp_path, capsys, monkeypatch):
    """Nobody goes straight into what is 3 deviations aside; who shakes for long enough does."""
    for name in ("report", "animate"):
        monkeypatch.setattr(conservax.Model, name, lambda *_, **__: None)
    (tmp_path / "task.toml").write_text(BESIDE)
    with pytest.raises(SystemExit, match="1"):
        main(["plan", str(tmp_path / "task.toml"), "--out", str(tmp_path / "run"), "--json"])
    still, shaken = json.loads(capsys.readouterr().out)["rollouts"]
    assert still["hit"] <= 0.01 < shaken["hit"]
    kept = conservax.load(tmp_path / "run" / "model.conservax").settings.checks
    assert [check.passed for check in kept] == [True, False]
    assert [check.value for check in kept] == [still["hit"], shaken["hit"]]

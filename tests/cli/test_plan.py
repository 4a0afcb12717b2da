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
from conservax.cli._plan import result_text
from conservax.control import Boxes, PlanScores, advice, read_task

TASK = """
start = {means = [-3, 0], deviations = 0.2}
goal = {means = [3, 0], deviations = 0.2}
circles = {centre = [[0, 3]], radius = 1, weight = 100}
solve = {steps = 30, components = 3, coefficients = 4, points = 48}
rollout = {paths = 12}
"""


@pytest.mark.slow
def test_a_plan_writes_its_files(tmp_path, capsys):
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


def test_bad_input_ends_with_2_and_writes_nothing(tmp_path, capsys):
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
def test_help_prints_brackets(name, capsys, monkeypatch):
    command = COMMANDS if name is None else COMMANDS.commands[name]
    text = "".join(help_of([] if name is None else [name], capsys, monkeypatch).split())
    source = [command.epilog or "", command.help or ""]
    source += [getattr(parameter, "help", None) or "" for parameter in command.params]
    for word in " ".join(source).replace("\\[", "[").split():
        assert "[" not in word or word in text, word


@pytest.mark.parametrize(
    ("count", "words"), [(1, ", 1 homotopy class;"), (2, ", 2 homotopy classes;")]
)
def test_the_number_of_homotopy_classes_is_written(count, words):
    solved = SimpleNamespace(seconds=1.0, costs=dict, entropy=float)
    scores = [PlanScores(0.0, 0.0, 0.1, 0.1, count, 50)]
    assert words in result_text(Path("run"), solved, scores)


def test_collisions_are_written_alike_in_advice_and_result():
    solved = SimpleNamespace(seconds=1.0, costs=dict, entropy=float)
    message = advice([Boxes([[0.0]], [[1.0]])], 0.265)
    assert message.startswith("26.5 % of paths collide")
    text = result_text(Path("run"), solved, [PlanScores(0.5, 0.265, 0.1, 0.1, 1, 1000)])
    assert "26.5 % collide with an obstacle" in text


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
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert found["checks_passed"] is False
    assert found["rollouts"][0]["collisions"] > 0.9
    assert "raise weight of circles from 0.01 to 0.1" in " ".join(printed.err.split())
    assert "member" not in pd.read_csv(out / "metrics.csv")
    report = conservax.load(out / "model.conservax").check()
    assert [result.passed for result in report.results if "collision" in result.name] == [False] * 2
    assert 'class="verdict fail"' in (out / "report.html").read_text()


TWO_WALLS = """
start = {means = [-3, 0], deviations = 0.3}
goal = {means = [3, 0], deviations = 0.3}
boxes = {low = [[-0.5, 0.5], [-0.5, -4]], high = [[0.5, 4], [0.5, -0.5]]}
rollout = {diffusion = 0}
"""


@pytest.mark.slow
def test_the_gap_between_two_walls_is_found_without_a_weight(tmp_path):
    (tmp_path / "task.toml").write_text(TWO_WALLS)
    # Compiled as users have it: much faster than with the flags of the tests.
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-m", "conservax", "plan", "task.toml", "--out", "run", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["checks_passed"] is True
    # Independent of the check: paths between the walls are in the gap.
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


def test_the_file_holds_the_checks_of_the_exit_code(tmp_path, capsys, monkeypatch):
    """A circle 3 deviations aside is missed by straight paths, and not with enough noise."""
    for name in ("report", "animate"):
        monkeypatch.setattr(conservax.Model, name, lambda *_, **__: None)
    (tmp_path / "task.toml").write_text(BESIDE)
    with pytest.raises(SystemExit, match="1"):
        main(["plan", str(tmp_path / "task.toml"), "--out", str(tmp_path / "run"), "--json"])
    exact, noisy = json.loads(capsys.readouterr().out)["rollouts"]
    assert exact["collisions"] <= 0.01 < noisy["collisions"]
    kept = conservax.load(tmp_path / "run" / "model.conservax").settings.checks
    assert [check.passed for check in kept] == [True, False]
    assert [check.value for check in kept] == [exact["collisions"], noisy["collisions"]]

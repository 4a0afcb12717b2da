"""`conservax plan` from a file to a folder."""

import json

import pandas as pd
import pytest

import conservax
from conservax.cli import main

TASK = """
start = {means = [-3, 0], deviations = 0.2}
goal = {means = [3, 0], deviations = 0.2}
circles = {centre = [[0, 1]], radius = 1, weight = 100}
solve = {steps = 30, bumps = 3, waves = 4, points = 48}
rollout = {paths = 12}
"""


@pytest.mark.slow
def test_a_run_has_its_files(tmp_path, capsys):
    (tmp_path / "task.toml").write_text(TASK)
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

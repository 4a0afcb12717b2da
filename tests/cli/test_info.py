"""`conservax info`: contents of a table, a model or a run."""

import numpy as np
import pandas as pd
import pytest

import conservax
from conservax import HoldOut, Training
from conservax.models import KernelMixture


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    t = np.repeat([0.0, 1.0, 2.0], 20)
    x = np.random.default_rng(0).normal(size=60)
    pd.DataFrame({"t": t, "x": x, "y": 2 * x}).to_csv(folder / "data.csv", index=False)
    conservax.fit(
        folder / "data.csv",
        time="t",
        columns=["x", "y"],
        model=KernelMixture(components=2),
        training=Training(steps=1, progress=False),
        holdout=HoldOut(validation=0.1, test=0.2),
        out=folder / "run",
    )
    return folder


def test_info_of_a_table(work, answer, run, capsys):
    code, found = answer("info", work / "data.csv")
    assert code == 0
    assert (found["rows"], found["time"], found["snapshots"]) == (60, "t", 3)
    assert (found["from"], found["to"]) == ("0", "2")
    assert list(found["columns"]) == ["x", "y"]
    column = pd.read_csv(work / "data.csv")["y"]
    assert found["columns"]["y"]["median"] == pytest.approx(column.median())
    assert found["columns"]["y"]["max"] == pytest.approx(column.max())
    assert run("info", work / "data.csv") == 0
    shown = capsys.readouterr().out
    assert "rows                 60" in shown
    assert "snapshots" in shown


@pytest.mark.parametrize("name", ["run", "run/model.conservax"])
def test_info_of_a_run_and_a_model(work, answer, run, capsys, name):
    code, found = answer("info", work / name)
    assert code == 0
    assert found["columns"] == ["x", "y"]
    settings = found["settings"]
    assert settings["model"]["class"] == "models.KernelMixture"
    assert settings["model"]["components"] == 2
    assert settings["training"]["steps"] == 1
    assert settings["holdout"]["test"] == 0.2
    assert settings["outcome"]["steps"] == 1
    rows = {"train": 42, "validation": 6, "test": 12}
    assert found["split"] == (rows if name == "run" else None)
    assert run("info", work / name) == 0
    shown = capsys.readouterr().out
    assert "models.KernelMixture" in shown
    assert "Model of x, y over t from 0 to 2" in shown


def test_info_of_a_missing_file(work, run, capsys):
    assert run("info", work / "nowhere.csv") == 2
    assert "nowhere.csv" in capsys.readouterr().err
    (work / "empty").mkdir(exist_ok=True)
    assert run("info", work / "empty") == 2
    assert "Give the out of a fit" in " ".join(capsys.readouterr().err.split())


def test_rows_of_one_time_are_reported(work, run, capsys):
    pd.DataFrame({"t": [1.0] * 30, "x": np.arange(30.0)}).to_csv(work / "one.csv", index=False)
    assert run("info", work / "one.csv") == 2
    assert "Nothing can be fitted to these rows" in " ".join(capsys.readouterr().err.split())

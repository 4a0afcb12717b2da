"""Snapshots of cells, as a user drives them."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest

from conservax.cli import main

TINY = [
    "--kinetic",
    "0",
    "--steps",
    "20",
    "--width",
    "8",
    "--depth",
    "1",
    "--components",
    "2",
    "--batch-size",
    "32",
    "--noise",
    "0",
]
ASKED = ["--time", "day", "--columns", "X_pca", "--dims", "2"]


def run(*arguments):
    """Exit code of a command."""
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code or 0


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    day = np.repeat([0, 1, 2], [60, 30, 40])
    x = np.random.default_rng(0).normal(size=(130, 4)) + day[:, None]
    obs = pd.DataFrame(
        {"day": pd.Categorical(day), "stage": pd.Categorical([f"E{d}.5" for d in day])},
        index=[f"cell{i}" for i in range(130)],
    )
    anndata.AnnData(obs=obs, obsm={"X_pca": x}).write_h5ad(folder / "cells.h5ad")
    out = ["--leave-out", "1", "--test", "0.2", "--out", folder / "run"]
    assert run("fit", folder / "cells.h5ad", *ASKED, *TINY, *out) == 0
    return folder


def test_a_time_left_out_is_told_by_its_score(work, capsys):
    capsys.readouterr()
    assert run("score", work / "run", work / "cells.h5ad", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(time["time"], time["rows"]) for time in found["times"]] == [
        ("0", 60),
        ("1", 30),
        ("2", 40),
    ]
    assert [time["left_out"] for time in found["times"]] == [False, True, False]
    assert run("score", work / "run", work / "cells.h5ad") == 0
    shown = capsys.readouterr().out
    assert shown.count("left out of training") == 1


def test_the_rows_of_a_time_left_out_are_for_the_test(work, capsys):
    out = ["--leave-out", "1", "2", "--out", work / "again", "--json"]
    capsys.readouterr()
    assert run("fit", work / "cells.h5ad", *ASKED, *TINY, *out) == 2
    assert "two different times" in capsys.readouterr().err
    out[1:3] = ["0"]
    assert run("fit", work / "cells.h5ad", *ASKED, *TINY, *out) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["test_rows"], figures["train_rows"], figures["validation_rows"]) == (60, 63, 7)
    assert figures["columns"] == ["X_pca0", "X_pca1"]


def test_cells_are_carried(work, capsys):
    moved = work / "moved.csv"
    assert (
        run("transport", work / "run", work / "cells.h5ad", "--from", 0, "--to", 2, "--out", moved)
        == 0
    )
    assert list(pd.read_csv(moved)) == ["day", "X_pca0", "X_pca1"]
    capsys.readouterr()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--time", "stage", "--columns", "X_pca"], "labels such as 'E0.5'.*map({'E0.5': 0.5"),
        (["--time", "day", "--columns", "X_umap"], "arrays ['X_pca']"),
        (["--time", "day", "--columns", "X_pca", "--leave-out", "7"], "There are 0, 1, 2"),
        ([*ASKED, "--window", "1"], "expected no --dims beside windows"),
    ],
)
def test_bad_input_is_refused(work, capsys, asked, words):
    assert run("fit", work / "cells.h5ad", *asked, *TINY, "--out", work / "bad") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert all(part in said for part in words.split(".*"))
    assert not (work / "bad").exists()

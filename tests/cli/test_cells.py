"""Snapshots of cells, as a user drives them."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest

import conservax
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
        {
            "day": pd.Categorical(day),
            "stage": pd.Categorical([f"E{d}.5" for d in day]),
            "cluster": np.arange(130) % 3,
        },
        index=[f"cell{i}" for i in range(130)],
    )
    flat = x[:, :2] @ np.array([[0.0, 2.0], [1.0, 0.0]])
    cells = anndata.AnnData(np.eye(130), obs=obs, obsm={"X_pca": x, "X_flat": flat})
    cells.uns["made"] = "here"
    cells.write_h5ad(folder / "cells.h5ad")
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
    assert "70 of 130 rows" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--time", "stage", "--columns", "X_pca"], "labels such as 'E0.5'.*map({'E0.5': 0.5"),
        (["--time", "day", "--columns", "X_umap"], "arrays ['X_flat', 'X_pca']"),
        (["--time", "day", "--columns", "X_pca", "--leave-out", "7"], "There are 0, 1, 2"),
        ([*ASKED, "--window", "1"], "expected no --dims beside windows"),
    ],
)
def test_bad_input_is_refused(work, capsys, asked, words):
    assert run("fit", work / "cells.h5ad", *asked, *TINY, "--out", work / "bad") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert all(part in said for part in words.split(".*"))
    assert not (work / "bad").exists()


def test_what_the_model_says_is_written_beside_the_cells(work, capsys):
    out = work / "annotated.h5ad"
    asked = ["--to", 2, "--embedding", "X_flat", "--pull", "cluster=1", "--from", 2, "--at", 0]
    pictures = ["--streamlines", work / "flat.png"]
    capsys.readouterr()
    command = ["annotate", work / "run", work / "cells.h5ad", *asked, *pictures, "--out", out]
    assert run(*command, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["obs"] == ["conservax_log_density", "conservax_pull"]
    assert said["obsm"] == ["conservax_at_2", "velocity_flat", "velocity_pca"]
    assert (work / "flat.png").read_bytes()[:4] == b"\x89PNG"
    # The file is what Python would have made of the same cells.
    model, cells = conservax.load(work / "run"), anndata.read_h5ad(work / "cells.h5ad")
    model.annotate(cells, to=2, embedding="X_flat")
    model.pull(cells, {"cluster": 1}, 2, 0)
    written = anndata.read_h5ad(out)
    pd.testing.assert_frame_equal(written.obs, cells.obs)
    for name in cells.obsm:
        np.testing.assert_array_equal(written.obsm[name], cells.obsm[name])
    np.testing.assert_array_equal(written.X, np.eye(130))
    assert written.uns["made"] == "here"
    assert run(*command) == 2  # the file is there
    assert not list(work.glob(".*partial"))


def test_a_file_may_be_annotated_again_in_its_place(work, capsys):
    out = work / "again.h5ad"
    asked = ["--push", "cluster=0", "cluster=2", "--from", 0, "--at", 2]
    assert run("annotate", work / "run", work / "cells.h5ad", *asked, "--out", out) == 0
    asked[0], asked[-1], asked[-3] = "--pull", 0, 2
    more = ["--key", "back", "--diffusion", 0.2, "--out", out, "--force"]
    assert run("annotate", work / "run", out, *asked, *more) == 0
    assert "back" in capsys.readouterr().out
    obs = anndata.read_h5ad(out).obs
    assert obs["back"].sum() == pytest.approx(1)
    assert obs["conservax_push"].sum() == pytest.approx(1)
    assert (obs["back"].notna() == (obs["day"] == 0)).all()


PUSHED = ["--push", "cluster=0", "--from", "0", "--at", "2"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--from", "0", "--key", "a"], "expected --push or --pull beside --from, --key"),
        (["--push", "cluster=1"], "--from 0 --at 4"),
        (["--push", "cluster", "--from", "0", "--at", "2"], "COLUMN=VALUE.*got 'cluster'"),
        (["--push", "kind=1", "--from", "0", "--at", "2"], "expected a column 'kind' of obs"),
        (["--push", "cluster=9", "--from", "0", "--at", "2"], "got ['9']. There are [0, 1, 2]"),
        (["--push", "a=1", "--pull", "a=1"], "got both"),
        (["--push", "cluster=1", "--from", "2", "--at", "0"], "to a later time"),
        (["--embedding", "X_umap"], "expected an embedding 'X_umap'"),
        (["--streamlines", "a.pdf"], "ends in .png"),
        ([*PUSHED, "--key", "cluster"], "'cluster', which holds something else"),
        ([*PUSHED, "--key", "conservax_log_density"], "which holds something else"),
        ([*PUSHED, "--key", "a/b"], "without slashes"),
    ],
)
def test_bad_requests_for_annotations_are_refused(work, capsys, asked, words):
    out = work / "refused.h5ad"
    capsys.readouterr()
    assert run("annotate", work / "run", work / "cells.h5ad", *asked, "--out", out) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert all(part in said for part in words.split(".*"))
    assert not out.exists()


def test_only_files_of_cells_are_annotated(work, capsys):
    (work / "table.csv").write_text("day,x\n0,1\n")
    (work / "broken.h5ad").write_text("no cells")
    for name, words in (
        ("table.csv", "expected an .h5ad file; got .csv"),
        ("broken.h5ad", "AnnData"),
    ):
        assert run("annotate", work / "run", work / name, "--out", work / "no.h5ad") == 2
        assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_births_are_fitted_and_told(work, capsys):
    capsys.readouterr()
    growth = [
        "--growth",
        "0.1",
        "--growth-prior",
        "cluster",
        "--masses",
        "0=1",
        "2=3.5",
        "--out",
        work / "growing",
        "--json",
    ]
    assert run("fit", work / "cells.h5ad", *ASKED, *TINY, *growth) == 0
    assert json.loads(capsys.readouterr().out)["mass"] > 0
    model = conservax.load(work / "growing")
    assert model.law.grows
    assert set(model.split.train.growth) == {0, 1, 2}
    assert "0.1 growth_prior + 10 mass" in model.settings["objective"]


@pytest.mark.slow
def test_a_reference_is_learned_and_told(work, capsys):
    out = ["--reference", "lotka-volterra", "--diffusion", "0.3", "--out", work / "prey", "--json"]
    tiny = ["--kinetic", "0.1", *TINY[2:]]
    capsys.readouterr()
    assert run("fit", work / "cells.h5ad", *ASKED, *tiny, *out) == 0
    rates = json.loads(capsys.readouterr().out)["reference"]
    assert list(rates) == ["a", "b", "c", "d"]
    assert all(rate > 0 and rate != 1 for rate in rates.values())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--masses", "0=1", "2=3"], "--growth 0.1"),
        (
            ["--growth", "1", "--masses", "0:1"],
            "TIME=SIZE, such as --masses 0=1.0 4=2.7; got '0:1'",
        ),
        (["--growth", "1", "--masses", "0=many"], "got '0=many'"),
        (["--growth", "1", "--masses", "=3"], "got '=3'"),
        (["--growth", "1", "--masses", "0=1", "0=2"], "got two for '0'"),
        (["--growth", "1", "--masses", "0=1"], "two times"),
        (["--growth", "1", "--masses", "0=1", "-1=2"], "from 0 to 2, where there are rows; got -1"),
        (["--growth-prior", "cluster"], "--growth 0.1"),
        (["--growth-prior", "births", "--growth", "1"], "expected a column 'births'"),
        (["--reference", "network"], "(--kinetic) above 0 beside a reference"),
        (["--reference", "network", "--kinetic", "1"], "--diffusion 0.3"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(work, capsys, asked, words):
    capsys.readouterr()
    assert run("fit", work / "cells.h5ad", *ASKED, *TINY, *asked, "--out", work / "bad") == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (work / "bad").exists()


def test_prey_and_predators_are_two(work, capsys):
    asked = ["--time", "day", "--columns", "X_pca", "--dims", "3", *TINY[2:], "--diffusion", "1"]
    asked += ["--reference", "lotka-volterra", "--out", work / "bad"]
    assert run("fit", work / "cells.h5ad", *asked) == 2
    assert "two columns, prey and predators" in " ".join(capsys.readouterr().err.split())

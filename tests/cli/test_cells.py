"""Commands for snapshots of cells: fit, score, transport, annotate."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest

import conservax

OPTIONS = ["--time", "day", "--columns", "X_pca", "--dims", "2"]


@pytest.fixture(scope="module")
def work(tmp_path_factory, run, tiny):
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
    assert run("fit", folder / "cells.h5ad", *OPTIONS, *tiny, *out) == 0
    return folder


def test_the_score_of_a_time_left_out_is_marked(work, capsys, run):
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


def test_the_rows_of_a_time_left_out_are_for_the_test(work, capsys, run, tiny):
    out = ["--leave-out", "1", "2", "--out", work / "again", "--json"]
    capsys.readouterr()
    assert run("fit", work / "cells.h5ad", *OPTIONS, *tiny, *out) == 2
    assert "two different times" in capsys.readouterr().err
    out[1:3] = ["0"]
    assert run("fit", work / "cells.h5ad", *OPTIONS, *tiny, *out) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["test_rows"], figures["train_rows"], figures["validation_rows"]) == (60, 63, 7)
    assert figures["columns"] == ["X_pca0", "X_pca1"]


def test_cells_are_transported(work, capsys, run):
    moved = work / "moved.csv"
    assert (
        run("transport", work / "run", work / "cells.h5ad", "--from", 0, "--to", 2, "--out", moved)
        == 0
    )
    assert list(pd.read_csv(moved)) == ["day", "X_pca0", "X_pca1"]
    assert "70 of 130 rows" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--time", "stage", "--columns", "X_pca"], "labels such as 'E0.5'.*map({'E0.5': 0.5"),
        (["--time", "day", "--columns", "X_umap"], "arrays ['X_flat', 'X_pca']"),
        (["--time", "day", "--columns", "X_pca", "--leave-out", "7"], "There are 0, 1, 2"),
        ([*OPTIONS, "--window", "1"], "expected no --dims beside windows"),
    ],
)
def test_bad_input_is_refused(work, capsys, options, words, run, tiny):
    assert run("fit", work / "cells.h5ad", *options, *tiny, "--out", work / "bad") == 2
    message = " ".join(capsys.readouterr().err.split())
    assert all(part in message for part in words.split(".*"))
    assert not (work / "bad").exists()


def test_annotations_are_written_to_a_copy_of_the_cells(work, capsys, run):
    out = work / "annotated.h5ad"
    options = ["--to", 2, "--embedding", "X_flat", "--pull", "cluster=1", "--from", 2, "--at", 0]
    pictures = ["--streamlines", work / "flat.png"]
    capsys.readouterr()
    command = ["annotate", work / "run", work / "cells.h5ad", *options, *pictures, "--out", out]
    assert run(*command, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["obs"] == ["conservax_log_density", "conservax_pull"]
    assert result["obsm"] == ["conservax_at_2", "velocity_flat", "velocity_pca"]
    assert (work / "flat.png").read_bytes()[:4] == b"\x89PNG"
    # The same as in Python.
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


def test_a_file_may_be_annotated_again_in_place(work, capsys, run):
    out = work / "again.h5ad"
    options = ["--push", "cluster=0", "cluster=2", "--from", 0, "--at", 2]
    assert run("annotate", work / "run", work / "cells.h5ad", *options, "--out", out) == 0
    options[0], options[-1], options[-3] = "--pull", 0, 2
    more = ["--key", "back", "--diffusion", 0.2, "--out", out, "--force"]
    assert run("annotate", work / "run", out, *options, *more) == 0
    assert "back" in capsys.readouterr().out
    obs = anndata.read_h5ad(out).obs
    assert obs["back"].sum() == pytest.approx(1)
    assert obs["conservax_push"].sum() == pytest.approx(1)
    assert (obs["back"].notna() == (obs["day"] == 0)).all()


PUSHED = ["--push", "cluster=0", "--from", "0", "--at", "2"]


@pytest.mark.parametrize(
    ("options", "words"),
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
def test_bad_options_of_annotate_are_refused(work, capsys, options, words, run):
    out = work / "refused.h5ad"
    capsys.readouterr()
    assert run("annotate", work / "run", work / "cells.h5ad", *options, "--out", out) == 2
    message = " ".join(capsys.readouterr().err.split())
    assert all(part in message for part in words.split(".*"))
    assert not out.exists()


def test_only_files_of_cells_are_annotated(work, capsys, run):
    (work / "table.csv").write_text("day,x\n0,1\n")
    (work / "broken.h5ad").write_text("no cells")
    for name, words in (
        ("table.csv", "expected an .h5ad file; got .csv"),
        ("broken.h5ad", "AnnData"),
    ):
        assert run("annotate", work / "run", work / name, "--out", work / "no.h5ad") == 2
        assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_growth_is_fitted_and_reported(work, capsys, run, tiny):
    capsys.readouterr()
    growth = [
        "--growth-weight",
        "0.1",
        "--prior-growth",
        "cluster",
        "--total-mass",
        "0=1",
        "2=3.5",
        "--out",
        work / "growing",
        "--json",
    ]
    assert run("fit", work / "cells.h5ad", *OPTIONS, *tiny, *growth) == 0
    assert json.loads(capsys.readouterr().out)["mass"] > 0
    model = conservax.load(work / "growing")
    assert model.law.grows
    assert set(model.split.train.growth) == {0, 1, 2}
    assert model.settings.model.total_mass == {"0": 1.0, "2": 3.5}
    assert "0.1 growth_prior + 10 mass" in model.settings.objective


@pytest.mark.slow
def test_a_reference_is_learned_and_reported(work, capsys, run, tiny):
    out = ["--reference", "lotka-volterra", "--diffusion", "0.3", "--out", work / "prey", "--json"]
    tiny = ["--kinetic-weight", "0.1", *tiny[2:]]
    capsys.readouterr()
    assert run("fit", work / "cells.h5ad", *OPTIONS, *tiny, *out) == 0
    rates = json.loads(capsys.readouterr().out)["reference"]
    assert list(rates) == ["a", "b", "c", "d"]
    assert all(rate > 0 and rate != 1 for rate in rates.values())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--total-mass", "0=1", "2=3"], "--growth-weight 0.1"),
        (
            ["--growth-weight", "1", "--total-mass", "0:1"],
            "TIME=SIZE, such as --total-mass 0=1.0 4=2.7; got '0:1'",
        ),
        (["--growth-weight", "1", "--total-mass", "0=many"], "got '0=many'"),
        (["--growth-weight", "1", "--total-mass", "=3"], "got '=3'"),
        (["--growth-weight", "1", "--total-mass", "0=1", "0=2"], "got two for '0'"),
        (["--growth-weight", "1", "--total-mass", "0=1"], "two times"),
        (
            ["--growth-weight", "1", "--total-mass", "0=1", "-1=2"],
            "from 0 to 2, where there are rows; got -1",
        ),
        (["--prior-growth", "cluster"], "--growth-weight 0.1"),
        (["--prior-growth", "births", "--growth-weight", "1"], "expected a column 'births'"),
        (
            ["--reference", "network", "--diffusion", "0.3"],
            "expected --kinetic-weight above 0 beside a reference",
        ),
        (["--reference", "network", "--kinetic-weight", "1"], "--diffusion 0.3"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(work, capsys, options, words, run, tiny):
    capsys.readouterr()
    assert run("fit", work / "cells.h5ad", *OPTIONS, *tiny, *options, "--out", work / "bad") == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (work / "bad").exists()


def test_lotka_volterra_needs_two_columns(work, capsys, run, tiny):
    options = ["--time", "day", "--columns", "X_pca", "--dims", "3", *tiny[2:], "--diffusion", "1"]
    options += ["--reference", "lotka-volterra", "--out", work / "bad"]
    assert run("fit", work / "cells.h5ad", *options) == 2
    assert "two columns, prey and predators" in " ".join(capsys.readouterr().err.split())

"""AnnData in: objects and files."""

import sys

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from conservax.data import (
    DataError,
    TimeAxis,
    Units,
    open_table,
    read_points,
    read_rows,
    read_table,
)

N, DIM = 40, 12
NAMES = [f"cell{i:02}" for i in range(N)]
PCA = np.random.default_rng(0).normal(size=(N, DIM)).astype(np.float32)
DAY = np.arange(N) % 4


def cells(**obs):
    frame = pd.DataFrame({"day": DAY, "depth": np.arange(N) / N} | obs, index=NAMES)
    umap = np.arange(2.0 * N).reshape(N, 2)
    return anndata.AnnData(obs=frame, obsm={"X_pca": PCA.copy(), "X_umap": umap})


@pytest.fixture(params=["object", "file"])
def source(request, tmp_path):
    """A function from an AnnData object to something to read it from."""

    def as_source(adata):
        if request.param == "object":
            return adata
        adata.write_h5ad(tmp_path / "cells.h5ad")
        return tmp_path / "cells.h5ad"

    return as_source


ORDER = np.argsort(DAY, kind="stable")


def test_an_array_stands_for_its_first_columns(source):
    table = read_table(source(cells()), time="day", columns=["X_pca"], dims=3)
    assert table.columns == ("X_pca0", "X_pca1", "X_pca2")
    np.testing.assert_array_equal(table.t, DAY[ORDER])
    np.testing.assert_array_equal(table.x, PCA[ORDER, :3])


def test_columns_of_obs_and_of_arrays_may_be_mixed(source):
    columns = ["depth", "X_pca11", "X_umap", "X_pca2"]
    table = read_table(source(cells()), time="day", columns=columns)
    assert table.columns == ("depth", "X_pca11", "X_umap0", "X_umap1", "X_pca2")
    expected = [np.arange(N) / N, PCA[:, 11], *np.arange(2.0 * N).reshape(N, 2).T, PCA[:, 2]]
    np.testing.assert_array_equal(table.x, np.stack(expected, 1)[ORDER])


def test_ten_principal_components_are_the_default_and_it_is_said(source):
    table = read_table(source(cells()), time="day")
    assert table.columns == tuple(f"X_pca{i}" for i in range(10))
    assert "coordinates taken from the first 10 of 12 columns of obsm 'X_pca'" in table.notes
    assert read_table(source(cells()), time="day", dims=2).columns == ("X_pca0", "X_pca1")
    few = cells()
    few.obsm["X_pca"] = PCA[:, :4]
    assert len(read_table(source(few), time="day").columns) == 4


@pytest.mark.parametrize(
    "day",
    [
        pd.Categorical(DAY.astype(str)),
        pd.Categorical(DAY),
        DAY.astype(float),
        pd.array(DAY, dtype="Int64"),
        DAY.astype(str),
    ],
    ids=["labels", "categories", "floats", "nullable", "text"],
)
def test_every_spelling_of_a_number_is_a_time(source, day):
    table = read_table(source(cells(day=day)), time="day", columns="X_umap")
    np.testing.assert_array_equal(table.t, DAY[ORDER])


def test_stamps_are_times(source):
    stamps = pd.Categorical((pd.Timestamp("2024-04-01") + pd.to_timedelta(DAY, "D")).astype(str))
    table = read_table(source(cells(day=stamps)), time="day", columns="X_umap")
    assert table.time_kind == "timestamp"
    np.testing.assert_array_equal(table.t - table.t[0], 86400.0 * DAY[ORDER])


@pytest.mark.parametrize(
    ("labels", "suggested"),
    [
        (["Day 00-03", "Day 06-09"], r"'Day 00-03': 1.5, 'Day 06-09': 7.5}"),
        (["E7.5", "E8.0"], r"'E7.5': 7.5, 'E8.0': 8}"),
        (["0h", "24h"], r"'0h': 0, '24h': 24}"),
        (["early", "late"], r"'early': \.\.\., 'late': \.\.\.}"),
    ],
)
def test_labels_are_refused_with_a_way_to_make_them_numbers(source, labels, suggested):
    stage = pd.Categorical(np.array(labels)[DAY % 2])
    with pytest.raises(DataError, match=rf"column 'stage': .*got labels such as.*{suggested}"):
        read_table(source(cells(stage=stage)), time="stage")


def test_rows_are_named_as_cells(source):
    broken = cells()
    broken.obsm["X_pca"][7, 1] = np.nan
    words = "column 'X_pca1', row cell07: expected a finite number; got nothing"
    with pytest.raises(DataError, match=words):
        read_table(source(broken), time="day")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time": "dya"}, r"expected a column 'dya'; got \['day', 'depth'.*Did you mean 'day'"),
        ({"columns": ["X_pac"]}, r"the arrays \['X_pca', 'X_umap'\]. Did you mean 'X_pca'"),
        ({"columns": ["X_pca12"]}, "expected a column 'X_pca12'"),
        ({"columns": ["X_pca"], "dims": 13}, "array 'X_pca': expected at least 13 .* got 12"),
        ({"dims": 13}, "expected at least 13 columns; got 12"),
        ({"columns": ["depth"], "dims": 1}, "expected an array among the columns"),
        ({"columns": ["X_pca"], "dims": 0}, "expected dims as a whole number from 1 on; got 0"),
        ({"columns": ["X_pac"], "dims": 3}, "Did you mean 'X_pca'"),
        ({"columns": ["X_pca"], "growth": "X_pca"}, "one column; got the array 'X_pca'"),
        ({"columns": ["X_pca", "X_pca3"]}, "every column once"),
    ],
)
def test_bad_requests_are_refused(source, options, words):
    with pytest.raises(DataError, match=words):
        read_table(source(cells()), **{"time": "day"} | options)


def test_cells_without_components_need_coordinates(source):
    bare = cells()
    del bare.obsm["X_pca"]
    with pytest.raises(
        DataError, match=r"expected an array 'X_pca' in obsm; got \['X_umap'\]. Say"
    ):
        read_table(source(bare), time="day")


def test_sparse_arrays_are_refused(source):
    sparse = cells()
    sparse.obsm["X_pca"] = csr_matrix(PCA)
    with pytest.raises(DataError, match=r"obsm 'X_pca': expected a dense array; got a sparse one"):
        read_table(source(sparse), time="day")


def test_frames_in_obsm_are_arrays(source):
    framed = cells()
    framed.obsm["X_pca"] = pd.DataFrame(PCA, NAMES, [f"PC{i}" for i in range(DIM)])
    table = read_table(source(framed), time="day", columns=["X_pca"], dims=2)
    np.testing.assert_array_equal(table.x, PCA[ORDER, :2])


def test_names_of_columns_must_differ(source):
    twins = cells(X_umap0=DAY)
    with pytest.raises(DataError, match=r"its own name; got \['X_umap0'\]"):
        read_table(source(twins), time="day", columns=["X_umap"])


def test_the_names_of_a_model_are_found_again(source):
    units = Units(TimeAxis("day", "number", 0, 3), ("X_pca4", "X_pca0"), (0.0,) * 2, (1.0,) * 2)
    opened = source(cells())
    np.testing.assert_array_equal(open_table(opened, schema=units).x, PCA[ORDER][:, [4, 0]])
    np.testing.assert_array_equal(read_points(opened, columns=units.columns), PCA[:, [4, 0]])
    rows = read_rows(opened, schema=units)
    np.testing.assert_array_equal(rows.t, DAY)
    np.testing.assert_array_equal(rows.x, PCA[:, [4, 0]])


def test_only_what_is_requested_is_read_from_a_file(tmp_path):
    path = tmp_path / "cells.h5ad"
    cells().write_h5ad(path)
    with h5py.File(path, "a") as file:
        for unread in ("X_umap", "X"):
            group = file["obsm"] if unread != "X" else file
            if unread in group:
                del group[unread]
            group.create_group(unread).attrs["encoding-type"] = "from the future"
    assert len(read_table(path, time="day", columns=["X_pca"])) == N
    with pytest.raises(DataError, match=r"cells.h5ad: expected an AnnData file"):
        read_table(path, time="day", columns=["X_umap"])


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "cells.h5ad"
    with pytest.raises(DataError, match="nothing there"):
        read_table(path)
    path.write_text("t,x\n0,1\n")
    with pytest.raises(DataError, match=r"cells.h5ad: expected an AnnData file; got a file that"):
        read_table(path)
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(DataError, match=r"cells.h5ad: expected an AnnData file"):
        read_table(path)


def test_the_package_that_is_missing_is_named(tmp_path, monkeypatch):
    cells().write_h5ad(tmp_path / "cells.h5ad")
    monkeypatch.setitem(sys.modules, "anndata.io", None)
    with pytest.raises(DataError, match=r'pip install "conservax\[anndata\]"'):
        read_table(tmp_path / "cells.h5ad")


@pytest.mark.parametrize("kind", ["npz", "dict"])
def test_arrays_of_other_sources_spread_too(tmp_path, kind):
    arrays = {"t": DAY, "x": PCA, "y": PCA[:, :2], "z": DAY / 2}
    np.savez(tmp_path / "a.npz", **arrays)
    opened = arrays if kind == "dict" else tmp_path / "a.npz"
    table = read_table(opened, time="t", columns=["x", "z"], dims=2)
    assert table.columns == ("x0", "x1", "z")
    assert read_table(opened, time="t", columns=["y", "x3"]).columns == ("y0", "y1", "x3")
    with pytest.raises(DataError, match="dims=2 beside the name of an array"):
        read_table(opened, time="t", dims=2)


def test_points_of_a_pair_are_cut():
    table = read_table((DAY, PCA), dims=3)
    assert table.columns == ("x0", "x1", "x2")
    assert read_table((DAY, PCA), columns=["a", "b"], dims=2).columns == ("a", "b")

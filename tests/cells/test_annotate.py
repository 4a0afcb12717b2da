"""Back into AnnData: annotations of each cell, against a law in closed form."""

import anndata
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from conservax.cells import Embedding
from conservax.data import DataError


def day(cells):
    return cells.obs["day"].astype(float).to_numpy()


def test_velocities_stand_beside_the_basis_and_are_slopes_of_the_flow(known, cells, flow):
    known.annotate(cells)
    velocity, step = cells.obsm["velocity_pca"], 1e-4
    assert velocity.shape == cells.obsm["X_pca"].shape
    assert velocity.dtype == np.float32
    assert np.isnan(velocity[:, 2]).all()  # a column that the model does not have
    t, x = day(cells)[:, None], cells.obsm["X_pca"][:, :2]
    slope = (flow(t, t + step, x) - flow(t, t - step, x)) / (2 * step)
    np.testing.assert_allclose(velocity[:, :2], slope, rtol=1e-4, atol=1e-4)


def test_log_density_is_that_of_each_cell_at_its_time(known, cells):
    known.annotate(cells, key="mine")
    t, x = day(cells), cells.obsm["X_pca"][:, :2]
    expected = [known.log_prob(t[i], x[i])[0] for i in (0, 10, 700)]
    np.testing.assert_allclose(cells.obs["mine_log_density"].iloc[[0, 10, 700]], expected)


@pytest.mark.parametrize("to", [0, 2, 4.0, "3"])
def test_cells_are_transported_to_a_time(known, cells, flow, to):
    known.annotate(cells, to=to)
    transported = cells.obsm[f"conservax_at_{float(to):g}"]
    expected = flow(day(cells)[:, None], float(to), cells.obsm["X_pca"][:, :2])
    np.testing.assert_allclose(transported, expected, rtol=1e-4, atol=1e-3)


def test_velocities_in_a_linear_embedding_are_exact(known, cells):
    known.annotate(cells, embedding="X_flat")
    turn = np.array([[0.3, -2.0], [1.0, 0.1]])
    expected = cells.obsm["velocity_pca"][:, :2] @ turn
    scale = np.abs(expected).max()
    np.testing.assert_allclose(cells.obsm["velocity_flat"] / scale, expected / scale, atol=5e-3)


def test_a_model_of_other_columns_brings_its_own_basis(model_of, cells):
    model_of(("x1", "X_pca0")).annotate(cells)
    assert cells.obsm["velocity_conservax"].shape == (750, 2)
    np.testing.assert_allclose(cells.obsm["X_conservax"][:, 0], cells.obs["x1"], rtol=1e-6)


def test_all_of_it_can_be_written_and_read(known, cells, tmp_path):
    known.annotate(cells, to=4, embedding="X_flat")
    known.push(cells, {"day": 0}, 0, 4)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    again = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert set(again.obsm) >= {"velocity_pca", "velocity_flat", "conservax_at_4"}
    assert set(again.obs) >= {"conservax_log_density", "conservax_push"}


def test_chunks_are_bounded_and_cover_all_rows(monkeypatch):
    monkeypatch.setattr("conservax.cells._neighbours._CHUNK", 900)
    rng = np.random.default_rng(0)
    x, velocity = rng.normal(size=(500, 3)), rng.normal(size=(500, 3))
    turn = rng.normal(size=(3, 2))
    seen = Embedding(x, x @ turn)
    np.testing.assert_allclose(seen.velocity(x, velocity), velocity @ turn, atol=0.02)
    np.testing.assert_allclose(seen.project(x[:50]), x[:50] @ turn, atol=1.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"embedding": "X_umap"}, r"embedding 'X_umap' in obsm; got \['X_pca', 'X_flat'\]"),
        ({"embedding": "X_pca"}, "whose columns the model itself is of.*Leave embedding out"),
        ({"to": "soon"}, "expected a finite number; got 'soon'"),
    ],
)
def test_nothing_is_written_if_something_is_wrong(known, cells, options, words):
    with pytest.raises(DataError, match=words):
        known.annotate(cells, **options)
    assert set(cells.obsm) == {"X_pca", "X_flat"}
    assert "conservax_log_density" not in cells.obs


def test_cells_must_have_what_the_model_knows(known, cells):
    cells.obs = cells.obs.rename(columns={"day": "age"})
    with pytest.raises(DataError, match="expected a column 'day'"):
        known.annotate(cells)
    with pytest.raises(DataError, match="expected an AnnData object to write into; got str"):
        known.annotate("cells.h5ad")


def test_embeddings_must_be_dense(known, cells):
    cells.obsm["X_umap"] = csr_matrix(np.eye(cells.n_obs, 2))
    with pytest.raises(DataError, match=r"obsm 'X_umap': expected a dense array.*toarray"):
        known.annotate(cells, embedding="X_umap")


def test_embeddings_must_be_finite(known, cells):
    cells.obsm["X_flat"][4, 1] = np.nan
    with pytest.raises(DataError, match=r"obsm 'X_flat', row cell4: expected finite numbers"):
        known.annotate(cells, embedding="X_flat")

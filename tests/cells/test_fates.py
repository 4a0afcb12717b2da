"""Push and pull of groups of cells, against a flow in closed form."""

import anndata
import numpy as np
import pandas as pd
import pytest

from conservax.data import DataError, TimeAxis, Units
from conservax.fitting import Model
from oracles import two_clones


def of_time(cells, t):
    return cells.obs["day"].astype(float).to_numpy() == t


@pytest.fixture
def twins(known, flow):
    """A snapshot, and the very same cells where the flow transports them two days later."""
    x = known.sample(0, 200, seed=2)
    moved = flow(0, 2, x)
    order = np.random.default_rng(3).permutation(200)
    obs = pd.DataFrame(
        {
            "day": np.repeat([0, 2], 200),
            "kind": pd.Categorical(np.where(np.arange(400) % 4 == 0, "a", "b")),
            "number": np.concatenate([np.arange(200), order]),
        }
    ).set_index(np.array([f"c{i}" for i in range(400)]))
    return anndata.AnnData(obs=obs, obsm={"X_pca": np.concatenate([x, moved[order]])})


def test_a_group_becomes_the_cells_that_it_moves_to(known, twins, flow):
    transported = known.push(twins, {"kind": "a"}, 0, 2, neighbours=1, key="to")
    obs, x = twins.obs, twins.obsm["X_pca"]
    early = obs[obs["day"] == 0]
    group = early.index[early["kind"] == "a"]
    np.testing.assert_allclose(
        transported, flow(0, 2, x[twins.obs_names.get_indexer(group)]), rtol=1e-6
    )
    reached = obs.index[obs["to"] > 0]
    assert set(obs.loc[reached, "number"]) == set(obs.loc[group, "number"])
    np.testing.assert_allclose(obs.loc[reached, "to"], 1 / len(group))
    assert obs.loc[early.index, "to"].isna().all()
    assert (obs["day"][obs["to"].notna()] == 2).all()


def test_a_group_comes_from_the_cells_that_it_was(known, twins):
    late = twins.obs["day"].to_numpy() == 2
    mask = late & (twins.obsm["X_pca"][:, 0] > 8)
    known.pull(twins, mask, 2, 0, neighbours=1)
    came = twins.obs.index[twins.obs["conservax_pull"] > 0]
    assert set(twins.obs.loc[came, "number"]) == set(twins.obs["number"][mask])


@pytest.mark.parametrize("diffusion", [0.0, 0.5])
def test_fractions_add_up_to_one_and_keep_the_mean(known, cells, diffusion):
    transported = known.push(cells, {"day": 0}, 0, 4, diffusion=diffusion)
    fraction = cells.obs["conservax_push"].to_numpy()
    late = of_time(cells, 4)
    assert fraction[late].sum() == pytest.approx(1)
    assert np.isnan(fraction[~late]).all()
    std = np.array(known.units.std)
    mean = fraction[late] @ cells.obsm["X_pca"][late, :2]
    # A whole snapshot becomes a whole snapshot: 300 and 250 cells, logistic tails.
    np.testing.assert_allclose(mean / std, transported.mean(0) / std, atol=0.3)
    np.testing.assert_allclose(mean / std, cells.obsm["X_pca"][late, :2].mean(0) / std, atol=0.5)


def test_a_half_stays_a_half(known, cells):
    left = cells.obsm["X_pca"][:, 0] < 3.0  # below the median of day 0
    known.push(cells, left, 0, 4, neighbours=3)
    late = of_time(cells, 4)
    fraction, x = cells.obs["conservax_push"].to_numpy()[late], cells.obsm["X_pca"][late, 0]
    # Particles keep their z-score, and the median moves by twice the standard deviation of 10.
    # Over 150 seeds the sum is .964 with a deviation of .015: neighbours lie on both sides.
    assert fraction[x < 23.0].sum() > 0.9


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("push", {"day": 0}, 4, 0), "expected to push to a later time; got 4 and 0. Use pull"),
        (("pull", {"day": 0}, 0, 4), "expected to pull to an earlier time"),
        (("push", {"day": 0}, 0, 3), "expected a day that cells have; got 3. There are 0, 2, 4"),
        (("push", {"day": 2}, 0, 4), "expected cells of the group at day = 0; got none.*at 2"),
        (("push", {"kind": "a"}, 0, 4), "expected a column 'kind' of obs; got"),
        (("push", {"day": 7}, 0, 4), r"obs 'day': expected values that cells have; got \[7\]"),
        (("push", [True, False], 0, 4), "expected a group as 750 booleans"),
        (("push", np.zeros(750), 0, 4), "expected a group as 750 booleans.*got float64"),
    ],
)
def test_bad_requests_are_refused(known, cells, call, words):
    name, *rest = call
    with pytest.raises(DataError, match=words):
        getattr(known, name)(cells, *rest)


def test_several_values_make_a_group(known, twins):
    known.push(twins, {"kind": ["a", "b"]}, 0, 2, neighbours=1)
    assert twins.obs["conservax_push"].sum() == pytest.approx(1)
    with pytest.raises(DataError, match="neighbours=0"):
        known.push(twins, {"kind": "a"}, 0, 2, neighbours=0)


CHANGE = np.exp(-2 * np.array([0.6, -0.8]))  # of the clones, from the first day to the last


@pytest.fixture
def clones():
    """A model of two clones, 50 and 50 cells on day 0, and the cells of the last day."""
    axis = TimeAxis("day", "number", 0.0, 10.0)
    units = Units(axis, ("X_pca0",), (3.0,), (2.0,))
    model = Model(two_clones(), units)
    rng = np.random.default_rng(0)
    position = np.where(np.arange(200) % 2, 20.0, -20.0) + rng.logistic(size=200)
    day = np.repeat([0.0, 10.0], 100)
    obs = pd.DataFrame(
        {"day": day, "clone": np.arange(200) % 2}, index=[f"c{i}" for i in range(200)]
    )
    return model, anndata.AnnData(obs=obs, obsm={"X_pca": 3 + 2 * position[:, None]})


@pytest.mark.parametrize("counted", [True, False])
def test_a_clone_that_grows_has_more_of_the_descendants(clones, counted):
    model, cells = clones
    model.push(cells, {"day": 0}, 0, 10, growth=counted)
    late = cells.obs["day"] == 10
    found = cells.obs[late].groupby("clone")["conservax_push"].sum()
    expected = CHANGE / CHANGE.sum() if counted else [0.5, 0.5]
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("counted", [True, False])
def test_many_cells_of_one_ancestor_count_as_one_ancestor(clones, counted):
    model, cells = clones
    model.pull(cells, {"day": 10}, 10, 0, growth=counted)
    found = cells.obs[cells.obs["day"] == 0].groupby("clone")["conservax_pull"].sum()
    expected = (1 / CHANGE) / (1 / CHANGE).sum() if counted else [0.5, 0.5]
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_growth_and_numbers_are_written(clones):
    model, cells = clones
    model.annotate(cells, to=10)
    obs, early = cells.obs, cells.obs["day"] == 0
    np.testing.assert_allclose(
        obs[early].groupby("clone")["conservax_number_at_10"].mean(), CHANGE, rtol=3e-3
    )
    np.testing.assert_allclose(obs[~early]["conservax_number_at_10"], 1)
    np.testing.assert_allclose(obs["conservax_growth"], 0, atol=1e-6)  # a wave begins and ends flat
    # Halfway: d/dt a (cos(pi t) - 1) = -a pi, over ten days.
    rate = model.growth(5, [[3 + 2 * -19.25], [3 + 2 * 19.0]])
    np.testing.assert_allclose(rate, -np.pi * np.array([0.6, -0.8]) / 10, rtol=1e-5)
    _, number = model.transport_with_growth(cells.obsm["X_pca"][early], 0, 10)
    assert number.mean() == pytest.approx(model.mass(10)[0], rel=3e-3)

"""Trajectories: coupled as linear programming couples them, and fitted by name."""

import jax
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import conservax
from conservax import DataError, HoldOut, Training
from conservax.flux import MixtureFlux
from conservax.models import Trajectories
from conservax.models._even_groups import even_groups
from conservax.models._trajectories import coupled_trajectories


def snapshots(rng, count=40):
    """Two groups that part."""
    side = rng.choice([-1.0, 1.0], (3, count))
    x = np.stack([time * side[time] for time in range(3)])
    return np.concatenate([np.stack([x[t], t + 0 * x[t]], -1) for t in range(3)]) + rng.normal(
        0, 0.1, (3 * count, 2)
    ), np.repeat([0.0, 0.5, 1.0], count)


def test_every_cell_is_on_a_trajectory_and_their_squared_length_is_least():
    x, t = snapshots(np.random.default_rng(0))
    knots, locations, _ = coupled_trajectories(t, x, 40, seed=3)
    for k, time in enumerate(knots):
        cells = x[t == time]
        np.testing.assert_allclose(
            np.sort(locations[:, k], axis=0), np.sort(cells, axis=0), rtol=1e-12
        )
        if k:
            cost = cdist(x[t == knots[k - 1]], cells, "sqeuclidean")
            least = cost[linear_sum_assignment(cost)].sum()
            found = np.sum((locations[:, k] - locations[:, k - 1]) ** 2)
            assert found == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("count", [1, 5, 64])
def test_groups_of_many_cells_hold_as_many_each_and_keep_both_moments(count):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count * 30, 3)) * [1, 5, 0.1] + [0, 100, 0]
    centre, deviation = even_groups(x, count)
    assert centre.shape == deviation.shape == (count, 3)
    np.testing.assert_allclose(centre.mean(axis=0), x.mean(axis=0), atol=1e-10)
    total = centre.var(axis=0) + np.mean(deviation**2, axis=0)
    np.testing.assert_allclose(total, x.var(axis=0), rtol=1e-10)


def test_groups_are_of_neighbours():
    x = np.random.default_rng(0).uniform(size=(64 * 500, 2))
    _, deviation = even_groups(x, 64)
    square = np.mean(deviation**2, axis=0)  # of 8 x 8 squares: 1/12 of the square of a side
    np.testing.assert_allclose(square, 1 / (12 * 64), rtol=0.05)


def test_trajectories_through_groups_have_their_widths_and_least_squared_length():
    x, t = snapshots(np.random.default_rng(0), count=800)
    knots, locations, scales = coupled_trajectories(t, x, 40, seed=3)
    for k, time in enumerate(knots):
        centre, deviation = even_groups(x[t == time], 40)
        order, found = np.lexsort(centre.T), np.lexsort(locations[:, k].T)
        np.testing.assert_allclose(locations[found, k], centre[order], rtol=1e-12)
        least = 0.02 * x[t == time].std(axis=0, ddof=1)
        np.testing.assert_allclose(scales[found, k], np.maximum(deviation[order], least), rtol=1e-9)
        if k:
            cost = cdist(locations[:, k - 1], locations[:, k], "sqeuclidean")
            assert np.trace(cost) == pytest.approx(cost[linear_sum_assignment(cost)].sum())


def test_groups_of_equal_cells_keep_some_width():
    t, x = np.repeat([0.0, 1.0], 400), np.repeat([[0.0, 0.0], [1.0, 1.0]], 400, axis=0)
    x[::40, 0] += 1.0
    _, _, scales = coupled_trajectories(t, x, 20, seed=0)
    spread = np.stack([x[t == time].std(axis=0, ddof=1) for time in (0.0, 1.0)])
    equal = np.isclose(scales[:, :, 0], 0.02 * spread[:, 0])
    assert equal.mean() > 0.9  # few groups hold one of the cells apart
    assert (scales > 0).all()


def test_trajectories_begin_with_the_widths_of_the_snapshots():
    rng = np.random.default_rng(2)
    t = np.repeat([0.0, 1.0], 300)
    x = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(50, [0.1, 3.0], (300, 2))])
    make = Trajectories(components=100).density(t, x, seed=0)
    law = make(jax.random.key(0))
    for time, spread in ((0.0, [1.0, 1.0]), (1.0, [0.1, 3.0])):
        one = jax.tree.map(lambda leaf: leaf[0], law.components).marginals(time)
        width = np.exp(np.asarray(one.log_scale)).ravel()
        np.testing.assert_allclose(width / width[1], np.array(spread) / spread[1], rtol=0.15)
        assert (width < 0.3 * np.array(spread)).all()


def test_a_model_of_trajectories_moves_along_them():
    x, t = snapshots(np.random.default_rng(1))
    table = pd.DataFrame({"t": 2 * t, "a": x[:, 0], "b": x[:, 1]})
    model = conservax.fit(
        table,
        time="t",
        columns=["a", "b"],
        model=Trajectories(components=20),
        training=Training(noise=0.1, steps=2, progress=False),
        holdout=HoldOut(validation=0.0),
    )
    assert isinstance(model.law.base_flux, MixtureFlux)
    assert not model.law.grows
    right = x[(t == 0.5) & (x[:, 0] > 0.5)][:5]
    np.testing.assert_allclose(model.transport(right, 1.0, 2.0), right + 1, atol=0.5)


def test_many_times_are_not_snapshots():
    table = pd.DataFrame(
        {"t": np.arange(300.0), "a": np.sin(np.arange(300)), "b": np.arange(300.0)}
    )
    with pytest.raises(DataError, match="snapshots"):
        conservax.fit(table, time="t", columns=["a", "b"], model="trajectories")


def test_weights_of_trajectories_do_not_grow():
    with pytest.raises(TypeError, match="growth_weight"):
        Trajectories(growth_weight=0.1)

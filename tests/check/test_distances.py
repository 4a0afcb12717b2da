import jax
import numpy as np
import pytest
from scipy import stats

from conservax.check import wasserstein

RNG = np.random.default_rng(0)


def test_on_the_line_it_is_the_distance_of_the_quantiles():
    x, y = RNG.normal(size=(200, 1)), RNG.gumbel(size=(200, 1))
    np.testing.assert_allclose(
        wasserstein(x, y, order=1), stats.wasserstein_distance(x[:, 0], y[:, 0]), rtol=1e-10
    )
    sorted_gap = np.sort(x, axis=0) - np.sort(y, axis=0)
    np.testing.assert_allclose(
        wasserstein(x, y, order=2), np.sqrt(np.mean(sorted_gap**2)), rtol=1e-10
    )


@pytest.mark.parametrize("order", [1, 2])
def test_a_translated_set_is_as_far_as_the_translation(order):
    x = RNG.normal(size=(150, 3))
    np.testing.assert_allclose(
        wasserstein(x, x + np.array([3.0, 0.0, 4.0]), order=order), 5.0, rtol=1e-10
    )


def test_sets_of_different_sizes_are_weighed_equally():
    assert wasserstein(np.zeros((2, 1)), np.array([[0.0], [0.0], [3.0]]), order=1) == 1.0


def test_a_cap_keeps_rows_of_the_set():
    x = RNG.normal(size=(500, 2))
    capped = wasserstein(x, x + np.array([10.0, 0.0]), most_rows=100, key=jax.random.key(0))
    assert abs(capped - 10) < 1
    assert capped != 10.0


def test_a_cap_without_a_key_is_refused():
    with pytest.raises(ValueError, match="expected a key with most_rows"):
        wasserstein(np.zeros((3, 1)), np.zeros((3, 1)), most_rows=2)


def test_another_order_and_other_shapes_are_refused():
    with pytest.raises(ValueError, match="expected order 1 or 2; got 3"):
        wasserstein(np.zeros((3, 1)), np.zeros((3, 1)), order=3)
    with pytest.raises(ValueError, match="expected shapes"):
        wasserstein(np.zeros((3, 1)), np.zeros((3, 2)))

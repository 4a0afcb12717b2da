import numpy as np
import pytest

from conservax.baseline import fit_gaussian_mixture, fit_kernel_density
from conservax.baseline._rows import Standard, join, thin


def test_thinning_is_even_and_keeps_both_ends():
    rows = np.arange(1000.0)[:, None]
    kept = thin(rows, 10)
    assert (len(kept), kept[0, 0], kept[-1, 0]) == (10, 0.0, 999.0)
    assert np.ptp(np.diff(kept[:, 0])) <= 1
    assert thin(rows, 1000) is rows


def test_times_become_the_first_column():
    np.testing.assert_array_equal(join([5.0, 6.0], [[1.0], [2.0]]), [[5.0, 1.0], [6.0, 2.0]])
    np.testing.assert_array_equal(join(5.0, [[1.0], [2.0]]), [[5.0, 1.0], [5.0, 2.0]])


def test_a_column_that_does_not_vary_is_refused():
    with pytest.raises(ValueError, match="expected columns that vary"):
        Standard.of(np.ones((5, 2)))


@pytest.mark.parametrize("shape", [(0, 2), (4,), ()])
def test_points_come_in_rows(shape):
    train = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ValueError, match=r"expected points of shape \(rows, dim\)"):
        fit_kernel_density(train, np.zeros(shape))
    with pytest.raises(ValueError, match=r"expected points of shape \(rows, dim\)"):
        fit_gaussian_mixture(np.zeros(shape), train, 0)

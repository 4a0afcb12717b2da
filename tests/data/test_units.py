import json
import math

import numpy as np
import pytest

from conservax.data import DataError, Table, TimeAxis, Units

AXIS = TimeAxis("t", "number", 0.0, 1.0)


def table(x):
    x = np.asarray(x, float)
    t = np.arange(len(x), dtype=float)
    return Table(t, x, tuple("abc")[: x.shape[1]], "t", "number", "test")


def test_mean_and_unbiased_std_by_hand():
    # 1, 2, 6: mean 3, squared deviations 4 + 1 + 9 = 14, over n - 1 = 2.
    units = Units.of(table([[1, 10], [2, 20], [6, 60]]))
    np.testing.assert_allclose(units.mean, (3.0, 30.0))
    np.testing.assert_allclose(units.std, (math.sqrt(7.0), 10 * math.sqrt(7.0)))
    assert (units.columns, units.dim) == (("a", "b"), 2)
    assert units.time == TimeAxis("t", "number", 0.0, 2.0)


def test_standardised_points_have_mean_0_and_std_1_and_come_back():
    x = np.random.default_rng(0).normal([5.0, -3.0], [2.0, 0.01], (100, 2))
    units = Units.of(table(x))
    z = units.standardise(x)
    np.testing.assert_allclose(z.mean(0), 0.0, atol=1e-12)
    np.testing.assert_allclose(z.std(0, ddof=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(units.restore(z), x, rtol=1e-12)
    np.testing.assert_allclose(units.restore(z[3]), x[3], rtol=1e-12)


def test_log_volume_is_the_log_determinant_of_restore():
    units = Units(AXIS, ("a", "b"), (1.0, 2.0), (0.5, 8.0))
    jacobian = units.restore(np.eye(2)) - units.restore(np.zeros((2, 2)))
    assert units.log_volume == pytest.approx(np.linalg.slogdet(jacobian).logabsdet)
    assert units.log_volume == pytest.approx(math.log(4.0))


def test_units_survive_json_exactly():
    units = Units(AXIS, ("a", "b"), (0.1, 1 / 3), (1e-7, 2.0))
    assert Units.from_json(json.loads(json.dumps(units.to_json()))) == units


@pytest.mark.parametrize("shape", [(), (3,), (4, 3)])
def test_points_of_another_dimension_are_refused(shape):
    units = Units(AXIS, ("a", "b"), (0.0, 0.0), (1.0, 1.0))
    for convert in (units.standardise, units.restore):
        with pytest.raises(DataError, match=r"expected points of shape \(..., 2\).*'a', 'b'"):
            convert(np.zeros(shape))


def test_a_constant_column_has_no_units():
    with pytest.raises(DataError, match=r"column 'b': .*std above 0; got .* 0.0.*constant"):
        Units.of(table([[1, 0.1], [2, 0.1], [3, 0.1]]))


def test_values_too_large_for_a_variance_are_refused():
    with pytest.raises(DataError, match=r"column 'a'.*rescale"):
        Units.of(table([[1e308], [-1e308], [0.0]]))


def test_lengths_that_disagree_are_refused():
    with pytest.raises(DataError, match="one mean and one std for each of"):
        Units(AXIS, ("a", "b"), (0.0,), (1.0, 1.0))

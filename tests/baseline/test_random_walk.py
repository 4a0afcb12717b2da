"""Random walks seen with errors, held to what is known in the limits and to the walks themselves."""

import numpy as np
import pytest

from conservax.baseline._random_walk import smooth_random_walk

TIMES = np.cumsum(np.random.default_rng(0).uniform(0.2, 1.8, 40))


def walks(step, columns=60, seed=0):
    """Walks of that deviation per unit of time, what is seen of them, and variances of its errors."""
    rng = np.random.default_rng(seed)
    variances = rng.uniform(0.2, 3.0, len(TIMES))
    steps = step * np.sqrt(np.diff(TIMES, prepend=0.0))[:, None]
    truth = 10 + np.cumsum(steps * rng.normal(size=(len(TIMES), columns)), axis=0)
    seen = truth + np.sqrt(variances)[:, None] * rng.normal(size=truth.shape)
    return truth, seen, variances


def smooth(times, seen, variances):
    """With errors of these variances in every coordinate."""
    return smooth_random_walk(times, seen, variances[:, None, None] * np.eye(seen.shape[1]))


def test_what_does_not_move_is_the_weighted_mean():
    _, seen, variances = walks(0.0)
    mean = np.average(seen, axis=0, weights=1 / variances)
    # The most likely variance of steps is 0 or, by chance, small: within a tenth of an error.
    away = smooth(TIMES, seen, variances) - mean
    assert np.sqrt(np.mean(away**2)) < 0.1


def test_what_does_not_move_is_where_errors_of_any_shape_say():
    rng = np.random.default_rng(1)
    roots = rng.normal(size=(len(TIMES), 3, 3))
    errors = roots @ roots.swapaxes(1, 2) + 1e-3 * np.eye(3)
    seen = np.stack([rng.multivariate_normal([5.0, 0.0, -5.0], error) for error in errors])
    precisions = np.linalg.inv(errors)
    least_squares = np.linalg.solve(precisions.sum(0), np.einsum("tij,tj->i", precisions, seen))
    away = smooth_random_walk(TIMES, seen, errors) - least_squares
    assert np.abs(away).max() < 0.1 * np.sqrt(np.mean((seen - least_squares) ** 2))


def test_what_moves_by_far_more_than_its_errors_is_as_seen():
    _, seen, variances = walks(1000.0)
    away = smooth(TIMES, seen, variances) - seen
    assert np.abs(away).max() < 0.1


@pytest.mark.parametrize("step", [0.3, 1.0])
def test_no_weight_of_neighbours_that_rests_is_nearer_to_the_walks(step):
    truth, seen, variances = walks(step)

    def error(values):
        return np.mean((values - truth) ** 2)

    ours = error(smooth(TIMES, seen, variances))
    apart = np.abs(TIMES[:, None] - TIMES)
    for width in (0.01, 0.3, 1.0, 3.0, 10.0, 1e6):
        weights = np.exp(-apart / width) / variances
        assert ours < error(weights @ seen / weights.sum(1, keepdims=True))


def test_one_time_is_as_seen_and_units_do_not_matter():
    assert smooth(TIMES[:1], np.ones((1, 2)), np.ones(1)).tolist() == [[1, 1]]
    _, seen, variances = walks(0.5)
    there = smooth(1e6 * TIMES, 1e-3 * seen, 1e-6 * variances)
    here = smooth(TIMES, seen, variances)
    np.testing.assert_allclose(1e3 * there, here, rtol=1e-5)

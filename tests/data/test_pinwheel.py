import numpy as np
import pytest
from scipy import stats

from conservax.data import pinwheel_hawkes

SEQUENCES = 4000
T, X, SEQUENCE = pinwheel_hawkes(np.random.default_rng(0), SEQUENCES)


def arm(x):
    """Number of the arm that a point lies on: unwinds the clockwise bend, radius for radius."""
    radius = np.hypot(*x.T) / 2
    clockwise = -np.arctan2(x[:, 1], x[:, 0]) - 0.25 * np.exp(radius)
    return np.rint(clockwise / (2 * np.pi / 10)).astype(int) % 10


def test_shapes_and_order():
    assert T.shape == SEQUENCE.shape == (len(X),)
    assert X.shape[1] == 2
    assert (T >= 0).all()
    assert (T <= 30).all()
    np.testing.assert_array_equal(np.lexsort((T, SEQUENCE)), np.arange(len(T)))


@pytest.mark.parametrize("until", [0.1, 0.5, 2.0, 30.0])
def test_the_mean_count_is_that_of_the_renewal_equation(until):
    # lambda = nu + alpha (omega exp(-omega .) * lambda), all classes together with nu = 0.5:
    # lambda(t) = nu / (1 - alpha) (1 - alpha exp(-omega (1 - alpha) t)).
    expected = 0.5 / 0.4 * (until - 0.6 * (1 - np.exp(-4 * until)) / 4)
    counts = np.bincount(SEQUENCE[until >= T], minlength=SEQUENCES)
    assert abs(counts.mean() - expected) < 4 * counts.std() / np.sqrt(SEQUENCES)


def test_the_count_is_dispersed_as_by_clusters():
    # Long run: variance over mean of a Hawkes process is 1 / (1 - alpha)^2.
    counts = np.bincount(SEQUENCE, minlength=SEQUENCES)
    assert counts.var() / counts.mean() == pytest.approx(1 / 0.4**2, rel=0.08)


def test_radii_follow_their_law():
    # Events excite each other in time alone: the radii are independent draws.
    rng = np.random.default_rng(1)
    reference = 2 * np.hypot(rng.normal(1, 0.3, 10**6), rng.normal(0, 0.1, 10**6))
    radii = np.hypot(*X.T)
    assert stats.ks_2samp(radii, reference).statistic < 1.63 / np.sqrt(len(radii))


def test_standard_deviations_are_those_of_the_published_set():
    # E radius^2 = 4 (1 + 0.3^2 + 0.1^2) = 4.4, shared by two coordinates: sqrt(2.2) = 1.483.
    np.testing.assert_allclose(X.std(0), 1.483, rtol=0.01)


def test_arms_bend_clockwise():
    radius = np.hypot(*X.T) / 2
    tenfold = np.exp(10j * np.arctan2(X[:, 1], X[:, 0]))  # the same on all ten arms
    inner, outer = (tenfold[np.abs(radius - middle) < 0.02].mean() for middle in (0.8, 1.2))
    turned = np.angle(outer / inner)
    assert turned == pytest.approx(-2.5 * (np.exp(1.2) - np.exp(0.8)), abs=0.15)


def test_excitement_fades_at_the_rate_omega():
    # Covariance density of a Hawkes process with an exponential kernel (Hawkes 1971), for the mean
    # rate m = 1.25: alpha omega m (2 - alpha) / (2 (1 - alpha)) exp(-omega (1 - alpha) lag).
    lag, mean = 0.1, 1.25
    covariance = 0.6 * mean * 1.4 / (2 * 0.4**2) * (1 - np.exp(-4 * lag))
    line = T + 1000.0 * SEQUENCE
    followers = np.searchsorted(line, line + lag) - np.arange(len(line)) - 1
    settled = (T > 3) & (30 - lag > T)
    expected = (covariance + mean**2 * lag) / mean
    assert followers[settled].mean() == pytest.approx(expected, rel=0.05)


def test_an_event_excites_the_next_arm():
    close = (np.diff(T) < 0.03) & (np.diff(SEQUENCE) == 0)
    steps = (np.diff(arm(X)) % 10)[close]
    share = np.bincount(steps, minlength=10) / len(steps)
    assert share[1] > 0.5
    assert share[9] < 0.15


def test_the_generator_decides():
    again = pinwheel_hawkes(np.random.default_rng(0), SEQUENCES)
    np.testing.assert_array_equal(again[1], X)
    assert all(len(part) == 0 for part in pinwheel_hawkes(np.random.default_rng(0), 0))

"""What every baseline owes: it integrates to one, in any unit, and comes close to the truth."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from conservax.baseline import (
    fit_gaussian_mixture,
    fit_gaussian_mixture_in_time,
    fit_kernel_density,
    fit_kernel_density_in_time,
)

RNG = np.random.default_rng(0)
T = RNG.uniform(0.0, 1.0, 3000)


def truth(t, x):
    """Two components that move apart: the time determines which is where."""
    return np.logaddexp(norm.logpdf(x, 3 * t, 0.3), norm.logpdf(x, -3 * t, 0.3)) - np.log(2)


X = (RNG.choice([-1, 1], len(T)) * 3 * T + 0.3 * RNG.normal(size=len(T)))[:, None]
TRAIN, VALIDATION, TEST = slice(0, 1500), slice(1500, 2200), slice(2200, 3000)


@pytest.fixture(scope="module")
def static():
    return (
        fit_kernel_density(X[TRAIN], X[VALIDATION]),
        fit_gaussian_mixture(X[TRAIN], X[VALIDATION], 0),
    )


@pytest.fixture(scope="module")
def in_time():
    return (
        fit_kernel_density_in_time(T[TRAIN], X[TRAIN], T[VALIDATION], X[VALIDATION]),
        fit_gaussian_mixture_in_time(T[TRAIN], X[TRAIN], T[VALIDATION], X[VALIDATION], seed=0),
    )


GRID = np.linspace(-8, 8, 4001)


def mass(log_prob):
    return np.trapezoid(np.exp(log_prob), GRID)


def test_each_is_a_density(static, in_time):
    for model in static:
        assert mass(model.log_prob(GRID[:, None])) == pytest.approx(1, abs=1e-6)
    for model in in_time:
        for t in (0.0, 0.37, 1.0):
            assert mass(model.log_prob(t, GRID[:, None])) == pytest.approx(1, abs=1e-6)


def test_those_in_time_come_close_to_the_truth_and_beat_those_without(static, in_time):
    ideal = truth(T[TEST], X[TEST, 0]).mean()
    with_time = [model.log_prob(T[TEST], X[TEST]).mean() for model in in_time]
    without = [model.log_prob(X[TEST]).mean() for model in static]
    assert min(with_time) > ideal - 0.1
    assert max(without) < min(with_time) - 0.5


def test_without_time_they_find_the_marginal(static):
    # The marginal over a uniform time, by quadrature.
    times = (np.arange(2000) + 0.5) / 2000
    marginal = np.exp(truth(times, X[TEST])).mean(1)
    for model in static:
        assert model.log_prob(X[TEST]).mean() == pytest.approx(np.log(marginal).mean(), abs=0.03)


def test_the_unit_of_the_rows_only_shifts_the_density(static, in_time):
    train, validation, test = 1e4 * X[TRAIN] + 7, 1e4 * X[VALIDATION] + 7, 1e4 * X[TEST] + 7
    times = 1.7e9 + 1e6 * T
    shifted = (
        fit_kernel_density(train, validation).log_prob(test),
        fit_kernel_density_in_time(times[TRAIN], train, times[VALIDATION], validation).log_prob(
            times[TEST], test
        ),
    )
    plain = static[0].log_prob(X[TEST]), in_time[0].log_prob(T[TEST], X[TEST])
    for there, here in zip(shifted, plain, strict=True):
        np.testing.assert_allclose(there + np.log(1e4), here, atol=1e-3)


def test_they_say_what_they_are_and_what_was_chosen(static, in_time):
    names = [model.name for model in (*static, *in_time)]
    assert len(set(names)) == 4
    assert ["(no time)" in name for name in names] == [True, True, False, False]
    assert static[0].detail == f"bandwidth {static[0].bandwidth:.2g} std"
    assert static[1].detail == f"{len(static[1].fitted.weights_)} components"


def test_a_single_gaussian_needs_few_components():
    rows = np.random.default_rng(1).normal(size=(900, 3))
    fitted = fit_gaussian_mixture(rows[:600], rows[600:], 0)
    assert len(fitted.fitted.weights_) <= 2
    assert fitted.log_prob(rows[600:]).mean() == pytest.approx(
        norm.logpdf(rows[600:]).sum(1).mean(), abs=0.06
    )


def test_the_same_seed_gives_the_same_mixture():
    a, b = (fit_gaussian_mixture(X[:300], X[300:500], 3).log_prob(X[:50]) for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_few_rows_are_enough():
    rows = np.random.default_rng(2).normal(size=(4, 2))
    assert np.isfinite(fit_kernel_density(rows, rows + 0.1).log_prob(rows)).all()
    assert np.isfinite(fit_gaussian_mixture(rows, rows + 0.1, 0).log_prob(rows)).all()


def test_rows_beyond_the_cap_are_thinned_and_noted(monkeypatch):
    monkeypatch.setattr("conservax.baseline._kernel_density._MAX_CENTRES", 100)
    fitted = fit_kernel_density(X[TRAIN], X[VALIDATION])
    assert len(fitted.centres) == 100
    assert fitted.detail.endswith(", on 100 of 1500 rows")


def test_draws_follow_the_density(static):
    """The CDF of each, integrated on a grid, makes its own draws uniform."""
    for model in static:
        density = np.exp(model.log_prob(GRID[:, None]))
        cdf = np.cumsum(density) / density.sum()
        draws = model.sample(np.random.default_rng(4), 5000)[:, 0]
        assert draws.shape == (5000,)
        assert kstest(np.interp(draws, GRID, cdf), "uniform").statistic < 1.95 / np.sqrt(5000)

"""Checks of point processes against processes whose hazard is known."""

import numpy as np
import pytest
from scipy import stats

from conservax.check import (
    check_counts,
    check_locations,
    check_rescaled_times,
    dispersion,
    pooled_residuals,
)

HORIZON, BASE, EXCITED, DECAY = 20.0, 1.0, 3.0, 5.0  # branching ratio 3 / 5


def hawkes(rng):
    """One window by Ogata's thinning."""
    t, now, excited = [], 0.0, 0.0
    while True:
        bound = BASE + excited
        interval = rng.exponential(1 / bound)
        now, faded = now + interval, excited * np.exp(-DECAY * interval)
        if now > HORIZON:
            return np.array(t)
        accepted = rng.uniform() * bound < BASE + faded
        excited = faded + EXCITED * accepted
        if accepted:
            t.append(now)


def compensator(t, at, excited=EXCITED, base=BASE):
    """Integral of the hazard from 0, in closed form."""
    age = np.maximum(at[:, None] - t[None], 0.0)
    return base * at + excited / DECAY * np.sum(-np.expm1(-DECAY * age), axis=1)


def hazards(windows, **changed):
    return [np.diff(compensator(t, np.array([0.0, *t, HORIZON]), **changed)) for t in windows]


@pytest.fixture(scope="module")
def windows():
    rng = np.random.default_rng(0)
    return [hawkes(rng) for _ in range(60)]


def test_the_true_hazard_makes_times_exponential_and_a_wrong_one_does_not(windows):
    right = check_rescaled_times(hazards(windows))
    assert right.passed
    assert right.value < stats.kstwo.isf(1e-3, sum(map(len, windows)))
    # A Poisson process of the same mean: bursts and gaps are left.
    mean = sum(map(len, windows)) / HORIZON / len(windows)
    assert not check_rescaled_times(hazards(windows, excited=0.0, base=mean)).passed


def test_what_the_end_of_a_window_censors_is_not_lost():
    """Unit-rate Poisson windows with one event each or none: only whole intervals would be short."""
    rng = np.random.default_rng(1)
    windows = []
    for _ in range(4000):
        t = np.cumsum(rng.exponential(size=20))
        windows.append(np.diff([0.0, *t[t < 0.8], 0.8]))
    residuals = pooled_residuals(windows)
    assert len(residuals) == sum(map(len, windows)) - 4000
    assert residuals.mean() == pytest.approx(1, abs=4 / np.sqrt(len(residuals)))
    assert stats.kstest(residuals, "expon").pvalue > 1e-3
    thrown_away = np.concatenate([window[:-1] for window in windows])
    assert thrown_away.mean() < 0.5


def test_counts_are_compared_with_simulated_ones():
    rng = np.random.default_rng(2)
    simulated = rng.poisson(58, 500)
    names = [result.name for result in check_counts(rng.poisson(58, 100), simulated)]
    assert names == ["count mean", "count spread"]
    assert all(result.passed for result in check_counts(rng.poisson(58, 100), simulated))
    fewer, _ = check_counts(rng.poisson(70, 100), simulated)
    assert not fewer.passed
    mean, spread = check_counts(np.repeat([38, 78], 50), simulated)
    assert mean.passed
    assert not spread.passed
    assert [result.name for result in check_counts([58], simulated)] == ["count mean"]


def test_counts_that_never_vary_are_compared_in_events():
    mean, spread = check_counts(np.array([50, 60, 70]), np.full(500, 168))
    assert mean.value == pytest.approx(108 / 168)
    assert spread.value == pytest.approx(10.0)  # events of standard deviation, where there is none
    assert not mean.passed
    assert not spread.passed


def test_the_true_process_fails_hardly_ever():
    """Of 200 small records of the right kind none: limits are those of one in a thousand."""
    rng = np.random.default_rng(3)
    simulated = rng.poisson(5, 1000)
    failed = [
        not result.passed
        for n in range(200)
        for result in check_counts(rng.poisson(5, 4), simulated, seed=n)
    ]
    assert sum(failed) <= 3


def test_dispersion_is_one_for_poisson_counts():
    counts = np.random.default_rng(4).poisson(7, 20_000)
    assert dispersion(counts) == pytest.approx(1, abs=0.05)
    assert dispersion(2 * counts) == pytest.approx(2, abs=0.1)


def test_locations_are_uniform_or_fail():
    ranks = np.random.default_rng(5).uniform(size=(400, 2))
    assert check_locations(ranks).passed
    failed = check_locations(ranks ** np.array([1.0, 2.0]))
    assert not failed.passed
    assert "coordinate 1" in failed.detail

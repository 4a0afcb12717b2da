import numpy as np
import pytest
from scipy import special, stats

from conservax.check._quadrature import integrate

RNG = np.random.default_rng(0)
LEVELS = special.expit(RNG.uniform(-20, 20, size=(4000, 2)))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("family", [stats.logistic, stats.norm])
def test_densities_on_the_line_have_mass_one(family, scale):
    law = family(loc=0.3, scale=scale)
    mass = integrate(lambda x: law.pdf(x[:, 0]), law.ppf(LEVELS[:, :1]), 1e-9)
    assert abs(mass.value - 1) < 1e-8
    assert mass.error <= 1e-9


def test_a_needle_beside_a_broad_mode_is_found():
    needle = stats.norm(loc=0.2, scale=3e-3)
    landmarks = np.where(np.arange(4000) % 20 == 0, needle.ppf(LEVELS[:, 1]), RNG.normal(size=4000))
    mass = integrate(
        lambda x: 0.99 * stats.norm.pdf(x[:, 0]) + 0.01 * needle.pdf(x[:, 0]),
        landmarks[:, None],
        1e-8,
    )
    assert abs(mass.value - 1) < 1e-8


def test_a_curved_ridge_in_the_plane_has_mass_one():
    a = stats.norm.ppf(LEVELS[:, 0])
    b = a**2 + 0.02 * stats.norm.ppf(LEVELS[:, 1])

    def ridge(points):
        x, y = points.T
        return stats.norm.pdf(x) * stats.norm.pdf(y, loc=x**2, scale=0.02)

    mass = integrate(ridge, np.stack([a, b], axis=-1), 1e-7)
    assert abs(mass.value - 1) < 1e-7


def test_mass_far_from_every_landmark_counts():
    mass = integrate(lambda x: stats.norm.pdf(x[:, 0], loc=2.0), np.array([[0.0], [2.0]]), 1e-6)
    np.testing.assert_allclose(mass.value, stats.norm.cdf(2) - stats.norm.cdf(-4), atol=1e-6)


def test_what_the_budget_leaves_open_is_said():
    noise = integrate(lambda x: RNG.uniform(size=x.shape[0]), np.array([[0.0], [1.0]]), 1e-9)
    assert noise.error > 1e-7


def test_a_function_that_is_not_finite_has_no_integral():
    broken = integrate(lambda x: np.full(x.shape[0], np.nan), np.array([[0.0], [1.0]]), 1e-3)
    assert np.isnan(broken.value)
    assert np.isnan(broken.error)

import numpy as np
import pytest
from scipy import stats

from conservax.check._quadrature import cuts, integrate

DRAWS = np.random.default_rng(0).normal(size=4000)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("family", [stats.logistic, stats.norm])
def test_densities_on_the_line_have_mass_one(family, scale):
    law = family(loc=0.3, scale=scale)
    points = law.rvs(4000, random_state=0)
    mass = integrate(lambda x: law.pdf(x[:, 0]), [cuts(points, 16)], 1e-9)
    assert abs(mass.value - 1) < 1e-9
    assert mass.error <= 1e-9


def test_a_needle_beside_a_broad_mode_is_found():
    needle = stats.norm(loc=0.2, scale=3e-3)
    mass = integrate(
        lambda x: 0.9 * stats.norm.pdf(x[:, 0]) + 0.1 * needle.pdf(x[:, 0]),
        [cuts(DRAWS, 16)],
        1e-8,
    )
    assert abs(mass.value - 1) < 1e-8


def test_a_curved_ridge_in_the_plane_has_mass_one():
    x = DRAWS
    y = x**2 + 0.02 * np.random.default_rng(1).normal(size=x.size)

    def ridge(points):
        a, b = points.T
        return stats.norm.pdf(a) * stats.norm.pdf(b, loc=a**2, scale=0.02)

    mass = integrate(ridge, [cuts(x, 16), cuts(y, 16)], 1e-7)
    assert abs(mass.value - 1) < 1e-7


def test_what_the_budget_leaves_open_is_said():
    rng = np.random.default_rng(0)
    noise = integrate(lambda x: rng.uniform(size=x.shape[0]), [np.array([0.0, 1.0])], 1e-9)
    assert noise.error > 1e-7


def test_a_function_that_is_not_finite_has_no_integral():
    broken = integrate(lambda x: np.full(x.shape[0], np.nan), [np.array([0.0, 1.0])], 1e-3)
    assert np.isnan(broken.value)
    assert np.isnan(broken.error)

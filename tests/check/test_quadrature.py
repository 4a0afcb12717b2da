import numpy as np
import pytest
from scipy import stats

from conservax.check._quadrature import integrate

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("family", [stats.logistic, stats.norm])
def test_densities_have_mass_one(family, scale):
    law = family(loc=0.3, scale=scale)
    mass = integrate(law.pdf, law.cdf, -500.0, 1000.0, tolerance=1e-9)
    np.testing.assert_allclose(mass.value, law.cdf(1000) - law.cdf(-500), atol=1e-8)
    assert mass.error <= 1e-9


@pytest.mark.parametrize("share", [1e-5, 0.01, 0.5])
@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1.0])
def test_a_needle_far_from_another_mode_is_found(share, scale):
    laws = [(1 - share, stats.logistic(-2.0, 0.5)), (share, stats.logistic(30.0, scale))]
    mass = integrate(
        lambda x: sum(weight * law.pdf(x) for weight, law in laws),
        lambda x: sum(weight * law.cdf(x) for weight, law in laws),
        -60.0,
        100.0,
        tolerance=1e-8,
    )
    assert abs(mass.value - 1) < 1e-8


@pytest.mark.parametrize("factor", [1.01, 0.5])
def test_the_guide_does_not_bend_the_value(factor):
    law = stats.norm(1.0, 0.01)
    mass = integrate(lambda x: factor * law.pdf(x), law.cdf, -50.0, 50.0, tolerance=1e-8)
    np.testing.assert_allclose(mass.value, factor, rtol=1e-6)
    blind = integrate(stats.norm.pdf, lambda x: 0 * x, -50.0, 50.0, tolerance=1e-8)
    np.testing.assert_allclose(blind.value, 1.0, rtol=1e-6)


def test_what_the_budget_leaves_open_is_said():
    noise = integrate(lambda x: RNG.uniform(size=x.shape), lambda x: x, 0.0, 1.0, tolerance=1e-9)
    assert noise.error > 1e-7


def test_a_function_that_is_not_finite_has_no_integral():
    broken = integrate(lambda x: np.full(x.shape, np.nan), lambda x: x, 0.0, 1.0, tolerance=1e-3)
    assert np.isnan(broken.value)
    assert np.isnan(broken.error)

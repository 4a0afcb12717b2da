"""Residuals of an equation and of its initial condition, on laws with known values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from conservax.density import Gaussian
from conservax.equation import FokkerPlanck, GaussianMixtureSolution
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import EquationResidual, InitialResidual, Rows

KEY = jax.random.key(0)
ROWS = Rows(jnp.zeros(1), jnp.zeros((1, 1)))


def gaussian_law(rate=1.0):
    """N(0, 1 + rate t) in one dimension; the heat equation with D = rate / 2."""
    scale = lambda t: jnp.sqrt(1 + rate * t)[None]  # noqa: E731
    return ConservationLaw(Gaussian(1, lambda t: jnp.zeros(1), scale), KnotheRosenblatt())


def spring(rate):
    return lambda x: 0.5 * rate * jnp.sum(x**2)


def at_once(objective, law):
    return jax.jit(lambda key: objective(key, law, ROWS))(KEY)


def value(objective, law):
    keys = jax.random.split(KEY, 200)
    each = jax.jit(jax.vmap(lambda key: objective(key, law, ROWS)))(keys)
    return float(each.mean()), float(each.std() / np.sqrt(len(keys)))


def test_a_law_that_solves_the_equation_has_no_error():
    # In twice the time of the law: variance 1 + 0.5 tau is that of D = 1/4.
    objective = EquationResidual(FokkerPlanck(0.25), begin=3.0, end=5.0)
    np.testing.assert_allclose(at_once(objective, gaussian_law()), 0, atol=1e-24)


def test_the_error_is_the_mean_square_of_the_velocity_that_is_missing():
    # Still at N(0, 1), where heat wants velocity D x, twice as much in twice the time.
    mean, deviation = value(EquationResidual(FokkerPlanck(0.3), 0.0, 2.0), gaussian_law(0.0))
    assert abs(mean - 0.36) < 4 * deviation
    assert deviation < 0.02


@pytest.mark.parametrize("points", [1, 2, 8])
def test_an_equation_that_interacts_has_an_unbiased_error(points):
    # Attraction of 0.5 wants the velocity -x / 2 + (mean of x) / 2, and diffusion balances it.
    equation = FokkerPlanck(0.2, interaction=spring(0.5))
    mean, deviation = value(EquationResidual(equation, 0.0, 1.0, 64, points), gaussian_law(0.0))
    assert abs(mean - 0.3**2) < 4 * deviation
    assert deviation < 0.02


def test_few_draws_with_large_errors_do_not_rule_the_gradient():
    # Beyond 2.5, where 1.2 % of N(0, 1) is, the potential wants a velocity a million times larger.
    steep = lambda x: jnp.sum(jnp.where(x > 2.5, 1e6, 1.0) * x)  # noqa: E731
    objective = EquationResidual(FokkerPlanck(0.0, potential=steep), 0.0, 1.0, points=200)
    keys = jax.random.split(KEY, 100)

    def loss(drift, key):
        mean = lambda t: drift * t[None]  # noqa: E731
        density = Gaussian(1, mean, lambda t: jnp.ones(1))
        return objective(key, ConservationLaw(density, KnotheRosenblatt()), ROWS)

    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(loss), (None, 0)))(jnp.zeros(()), keys)
    # The value is the mean square and tells of the tail; the slope is that of the others.
    tail = scipy.special.ndtr(-2.5)
    assert abs(values.mean() - 1e12 * tail) < 4 * values.std() / 10
    np.testing.assert_allclose(slopes, 1.0, atol=0.1)  # 2 x error 1, which is s: at weight 1/2


def test_the_initial_condition_is_met_or_not():
    solution = GaussianMixtureSolution([[0.0]], [[[1.0]]], diffusion=0.5)
    law = gaussian_law()
    np.testing.assert_allclose(at_once(InitialResidual(solution, 0.0), law), 0, atol=1e-24)
    # E (sqrt(q / p) - 1)^2 = 2 - 2 E sqrt(q / p), for normals of variance s and 1.
    mean, deviation = value(InitialResidual(solution, 1.0), law)
    overlap = np.sqrt(2 * np.sqrt(2.0) / (1 + 2.0))
    assert abs(mean - (2 - 2 * overlap)) < 4 * deviation
    assert deviation < 1e-3


def test_times_run_forwards():
    with pytest.raises(ValueError, match="expected end > begin"):
        EquationResidual(FokkerPlanck(1.0), begin=1.0, end=1.0)

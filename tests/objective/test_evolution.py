"""Residuals of an equation and of its initial condition, on laws with known values."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from conservax.density import Gaussian
from conservax.equation import AbstractEquation, FokkerPlanck, GaussianMixtureSolution
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


def slope_at(objective, mean, keys):
    """Mean gradient, and its error, in the drift a of N(mean(a, t), 1) at a = 0."""

    def loss(a, key):
        density = Gaussian(1, lambda t: mean(a, t)[None], lambda t: jnp.ones(1))
        return objective(key, ConservationLaw(density, KnotheRosenblatt()), ROWS)

    slopes = jax.jit(jax.vmap(jax.grad(loss), (None, 0)))(jnp.zeros(()), keys)
    return float(slopes.mean()), float(slopes.std() / np.sqrt(len(keys)))


@pytest.mark.parametrize("points", [1, 4])
def test_the_gradient_is_zero_on_average_where_an_equation_that_interacts_is_solved(points):
    # Push c, attraction and diffusion in balance: N(c t, 1) moves at the speed c.
    equation = FokkerPlanck(
        1.0, potential=lambda x: -0.5 * jnp.sum(x), interaction=lambda x: 0.5 * jnp.sum(x**2)
    )
    objective = EquationResidual(equation, 0.0, 1.0, times=1, points=points)
    keys = jax.random.split(KEY, 20_000)
    mean, deviation = slope_at(objective, lambda a, t: (0.5 + a) * t, keys)
    assert abs(mean) < 4 * deviation
    assert deviation < 0.02


def test_weights_are_relative_to_both_speeds_and_to_those_of_the_same_time():
    # The law moves at 3 + a, the equation wants 4 before 1/2 and 400 after: errors 1 and 397, of
    # sizes 5 and 400.01, so that the gradient is -2 (w 1 + w' 397) / 2.
    class Hurry(AbstractEquation):
        interacts: ClassVar[bool] = False

        def velocity(self, x, log_prob, score, others):
            return jnp.where(x > 1.5 * jnp.ones(1), 400.0, 4.0)

    objective = EquationResidual(Hurry(), 0.0, 1.0, times=2, points=3)
    narrow = lambda a, t: (3 + a) * t  # noqa: E731

    def loss(a):
        density = Gaussian(1, lambda t: narrow(a, t)[None], lambda t: jnp.full(1, 1e-9))
        return objective(KEY, ConservationLaw(density, KnotheRosenblatt()), ROWS)

    wanted = -(25 / 26 * 1 + 160_009 / (160_009 + 397**2) * 397)
    np.testing.assert_allclose(jax.grad(loss)(0.0), wanted, rtol=1e-6)


def test_draws_that_move_among_others_at_rest_are_trained():
    # Beyond 0.5, where 31 % of N(0, 1) is, the equation wants the speed 2; elsewhere none.
    ramp = lambda x: -2 * jnp.sum(jnp.maximum(x - 0.5, 0.0))  # noqa: E731
    objective = EquationResidual(FokkerPlanck(0.0, potential=ramp), 0.0, 1.0)
    mean, deviation = slope_at(objective, lambda a, t: a * t, jax.random.split(KEY, 200))
    assert abs(mean + 4 * scipy.special.ndtr(-0.5)) < 4 * deviation
    still = EquationResidual(FokkerPlanck(0.0), 0.0, 1.0)
    assert slope_at(still, lambda a, t: a * t, KEY[None]) == (0.0, 0.0)


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

"""Laws whose every field is known in closed form: each sign and each factor, once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.density import Gaussian
from conservax.field import MatrixField
from conservax.flux import FactorizedFlux, KnotheRosenblatt, SigmoidCancellation
from conservax.law import ConservationLaw
from oracles import compiled, gaussian, moving_logistic, ornstein_uhlenbeck

X, T, S = jnp.array([0.2, -0.7, 1.1]), jnp.array(0.4), jnp.array(0.9)
MEAN, SCALE = [1.0, -2.0, 0.5], [0.3, 1.0, 2.0]


def close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=1e-9, atol=1e-12)


# ---- Ornstein and Uhlenbeck: dX = -theta X dt + g dW


@pytest.mark.parametrize("theta", [0.5, 3.0])
@pytest.mark.parametrize("g", [0.0, 0.1, 2.0])
def test_drift_is_that_of_ornstein_and_uhlenbeck(theta, g):
    law = ConservationLaw(ornstein_uhlenbeck(theta, g, MEAN, SCALE), KnotheRosenblatt(), None, g)
    close(compiled(lambda law: law.drift(T, X))(law), -theta * X)


def test_drift_takes_a_time_varying_volatility():
    # Brownian motion from N(0, 1) with g^2 = 2 t has the variance 1 + t^2.
    density = Gaussian(3, lambda t: jnp.zeros(3), lambda t: jnp.sqrt(1 + t**2) * jnp.ones(3))
    law = ConservationLaw(density, KnotheRosenblatt(), None, lambda t: jnp.sqrt(2 * t))
    close(compiled(lambda law: law.drift(T, X))(law), np.zeros(3))
    close(law.diffusion_at(jnp.array(0.5)), 1.0)


def test_drift_under_another_volatility_keeps_the_marginals():
    law = ConservationLaw(ornstein_uhlenbeck(2.0, 0.6, MEAN, SCALE), KnotheRosenblatt())
    drift = compiled(lambda law, g: law.drift_with(g, T, X))(law, jnp.array(0.6))
    close(drift, -2.0 * X)


# ---- logistics that move on straight lines


LOGISTIC = moving_logistic([0.3, -1.0, 0.0], [1.0, -2.0, 0.5], [0.0, -0.5, 0.7], [0.0, 0.6, -1.2])
LOCATION = np.array([0.7, -1.8, 0.2])  # at T, by hand
WIDTH = np.exp([0.0, -0.26, 0.22])


@pytest.mark.parametrize("flux", [KnotheRosenblatt(), FactorizedFlux()], ids=["KR", "factorized"])
def test_logistics_push_their_particles_forward(flux):
    law = ConservationLaw(LOGISTIC, flux)
    x = np.asarray(X)
    velocity, score, log_prob = compiled(
        lambda law: (law.velocity(T, X), law.score(T, X), law.log_prob(T, X))
    )(law)
    # x = location + width z at fixed z.
    close(velocity, [1.0, -2.0 + 0.6 * (x[1] + 1.8), 0.5 - 1.2 * (x[2] - 0.2)])
    close(score, -np.tanh((x - LOCATION) / WIDTH / 2) / WIDTH)
    close(log_prob, stats.logistic(LOCATION, WIDTH).logpdf(x).sum())
    z = (x - LOCATION) / WIDTH
    moved = np.array([1.2, -2.8, 0.45]) + np.exp([0.0, 0.04, -0.38]) * z  # at S = 0.9
    close(compiled(lambda law: law.flow_map(T, S, X))(law), moved)


def test_sigmoid_cancellation_weighs_by_the_reference():
    # Only coordinate 1 moves, at speed 1.5; coordinate 2 is at rest with scale 2, sigma has 1.
    density = moving_logistic([0.0, 0.0], [1.5, 0.0], [0.0, np.log(2.0)], [0.0, 0.0])
    x1, x2 = 1.0, -0.8
    first, second, sigma = stats.logistic(0.6), stats.logistic(0, 2), stats.logistic()
    weight = sigma.pdf(x2) / second.pdf(x2)
    change = 1.5 * np.tanh((x1 - 0.6) / 2)  # d_t log f_1
    expected = [1.5 * weight, (sigma.cdf(x2) - second.cdf(x2)) / second.pdf(x2) * change]
    law = ConservationLaw(density, SigmoidCancellation())
    velocity, flux = compiled(lambda law, x: (law.velocity(T, x), law.flux(T, x)))(
        law, jnp.array([x1, x2])
    )
    close(velocity, expected)
    close(flux, first.pdf(x1) * second.pdf(x2) * np.array(expected))


# ---- Gaussian to Gaussian


@pytest.mark.parametrize("full", [False, True], ids=["diagonal", "full"])
def test_gaussians_keep_their_standard_coordinates(full):
    density = gaussian(3, full=full)
    factor = lambda t: np.asarray(density.scale(t)) if full else np.diag(density.scale(t))  # noqa: E731
    slope = np.asarray(density.scale.slope) if full else np.diag(density.scale.slope)
    z = np.linalg.solve(factor(T), X - density.mean(T))
    law = ConservationLaw(density, KnotheRosenblatt())
    velocity, score, log_prob, moved = compiled(
        lambda law: (law.velocity(T, X), law.score(T, X), law.log_prob(T, X), law.flow_map(T, S, X))
    )(law)
    close(velocity, density.mean.slope + slope @ z)
    close(score, -np.linalg.solve(factor(T).T, z))
    normal = stats.multivariate_normal(density.mean(T), factor(T) @ factor(T).T)
    close(log_prob, normal.logpdf(X))
    close(moved, density.mean(S) + factor(S) @ z)


@pytest.mark.parametrize("dim", [1, 3])
def test_independent_gaussians_take_the_optimal_path(dim):
    """On a line the monotone map is optimal: straight lines at constant speed."""
    density, x0 = gaussian(dim, full=False), X[:dim]
    ratio = density.scale(1.0) / density.scale(0.0)
    x1 = density.mean(1.0) + ratio * (x0 - density.mean(0.0))
    law = ConservationLaw(density, KnotheRosenblatt())
    t = jnp.array(0.3)
    there = compiled(lambda law: law.flow_map(jnp.array(0.0), t, x0))(law)
    close(there, 0.7 * x0 + 0.3 * x1)
    close(compiled(lambda law, x: law.velocity(t, x))(law, there), x1 - x0)


def test_a_shrinking_gaussian_of_any_shape_shrinks_its_points():
    factor = jnp.array([[1.0, 0.0, 0.0], [0.7, 0.5, 0.0], [-1.2, 0.4, 2.0]])
    density = Gaussian(3, lambda t: jnp.zeros(3), lambda t: factor * jnp.exp(-2 * t))
    law = ConservationLaw(density, KnotheRosenblatt())
    close(compiled(lambda law: law.velocity(T, X))(law), -2 * X)


# ---- what a law refuses


def test_a_volatility_is_not_negative():
    with pytest.raises(ValueError, match=r"expected a diffusion >= 0; got -0\.1"):
        ConservationLaw(LOGISTIC, KnotheRosenblatt(), diffusion=-0.1)


@pytest.mark.parametrize("g", [float("inf"), float("nan")])
def test_a_volatility_is_a_number(g):
    with pytest.raises(ValueError, match="expected a diffusion >= 0"):
        ConservationLaw(LOGISTIC, KnotheRosenblatt(), diffusion=g)


def test_only_some_laws_have_a_flow_map():
    part = MatrixField(3, key=jax.random.key(0))
    plain = ConservationLaw(LOGISTIC, KnotheRosenblatt())
    turning = ConservationLaw(LOGISTIC, KnotheRosenblatt(), part)
    sigmoid = ConservationLaw(LOGISTIC, SigmoidCancellation())
    assert [law.has_flow_map for law in (plain, turning, sigmoid)] == [True, False, False]
    with pytest.raises(TypeError, match="with a divergence-free part has no closed flow map"):
        turning.flow_map(T, S, X)
    with pytest.raises(TypeError, match="SigmoidCancellation has no closed flow map"):
        sigmoid.flow_map(T, S, X)


@pytest.mark.parametrize("method", ["log_prob", "velocity", "flux", "score", "drift"])
def test_a_law_takes_one_point(method):
    law = ConservationLaw(LOGISTIC, KnotheRosenblatt())
    with pytest.raises(ValueError, match=r"expected x of shape \(3,\); got \(5, 3\)"):
        getattr(law, method)(T, jnp.zeros((5, 3)))


def test_a_law_knows_its_size():
    law = ConservationLaw(LOGISTIC, KnotheRosenblatt())
    assert (law.dim, law.condition_dim) == (3, 0)

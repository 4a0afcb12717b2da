"""Distributions on the line: against SciPy, round trips, and gradients through draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from conservax.density import Mixture
from conservax.univariate import LogisticMixture, NormalMixture
from oracles import compiled, factorized, mixture, moving_logistic

WEIGHTS, MEAN, SCALE = (
    np.array([0.2, 0.5, 0.3]),
    np.array([-2.0, 0.3, 1.5]),
    np.array([0.3, 1.2, 0.1]),
)
LOGITS, CENTRES, LOG_SCALE = (jnp.asarray(v) for v in (np.log(WEIGHTS), MEAN, np.log(SCALE)))
KINDS = {"logistic": (LogisticMixture, stats.logistic), "normal": (NormalMixture, stats.norm)}
kinds = pytest.mark.parametrize("kind", KINDS)


def build(kind, logits=LOGITS, mean=CENTRES, log_scale=LOG_SCALE):
    """A mixture; the logits need not be normalised."""
    return KINDS[kind][0](jax.nn.log_softmax(logits), mean, log_scale)


@kinds
def test_functions_of_a_mixture_are_those_of_its_components(kind):
    conditional, part = build(kind), KINDS[kind][1]
    for x in (-4.0, -1.9, 0.0, 1.4, 5.0):
        point = jnp.array(x)
        pdf = WEIGHTS @ part.pdf(x, MEAN, SCALE)
        cdf, survival = (WEIGHTS @ f(x, MEAN, SCALE) for f in (part.cdf, part.sf))
        np.testing.assert_allclose(jnp.exp(conditional.log_pdf(point)), pdf, rtol=1e-12)
        np.testing.assert_allclose(conditional.cdf(point), cdf, rtol=1e-12)
        np.testing.assert_allclose(jnp.exp(conditional.log_survival(point)), survival, rtol=1e-12)
        odds = np.log(cdf) - np.log(survival)
        np.testing.assert_allclose(conditional.log_odds(point), odds, rtol=1e-11, atol=1e-11)


@kinds
def test_log_odds_go_round(kind):
    odds = jnp.linspace(-60.0, 60.0, 401)
    there = compiled(lambda c: jax.vmap(lambda v: c.log_odds(c.from_log_odds(v)))(odds))
    np.testing.assert_allclose(there(build(kind)), odds, atol=1e-9)


@kinds
def test_the_root_is_found_between_narrow_modes_far_apart(kind):
    """Scale 1e-3 at distance 5: the log-odds are flat in between, and steep at the modes."""
    conditional = build(kind, jnp.zeros(2), jnp.array([-2.5, 2.5]), jnp.full(2, np.log(1e-3)))
    odds = jnp.array([-30.0, -1.0, -1e-6, 1e-6, 0.5, 30.0])
    x = compiled(lambda c: jax.vmap(c.from_log_odds)(odds))(conditional)
    assert np.all(np.diff(x) > 0)
    back = compiled(lambda c, x: jax.vmap(c.log_odds)(x))(conditional, x)
    np.testing.assert_allclose(back, odds, atol=1e-9)


@kinds
def test_quantiles_differentiate(kind):
    """Against central differences of the same quantile, and in the log-odds too."""

    def quantile(odds, *parameters):
        return build(kind, *parameters).from_log_odds(odds)

    at = (jnp.array(0.7), LOGITS, CENTRES, LOG_SCALE)
    gradients = compiled(jax.grad(quantile, argnums=(0, 1, 2, 3)))(*at)
    run = compiled(quantile)
    for which, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            step = np.zeros(gradient.shape)
            step[index] = 1e-5
            up, down = (
                run(*at[:which], at[which] + sign * step, *at[which + 1 :]) for sign in (1, -1)
            )
            np.testing.assert_allclose(gradient[index], (up - down) / 2e-5, rtol=1e-6, atol=1e-9)


@kinds
def test_draws_follow_the_cdf(kind):
    n, conditional = 100_000, build(kind)
    pairs = jax.random.uniform(jax.random.key(3), (n, 2))
    u = compiled(lambda c: jax.vmap(lambda pair: c.cdf(c.from_uniforms(pair)))(pairs))(conditional)
    # P(sqrt(n) D > 2.23) = 1e-4.
    assert np.sqrt(n) * stats.kstest(u, "uniform").statistic < 2.23


def moments(kind, logits, mean, log_scale):
    """E[x^2] in closed form."""
    variance = {"logistic": np.pi**2 / 3, "normal": 1.0}[kind]
    return jax.nn.softmax(logits) @ (mean**2 + variance * jnp.exp(2 * log_scale))


@kinds
def test_gradients_through_draws_are_those_of_the_mean(kind):
    """d E[x^2] by every parameter, the weights included: within 5 standard errors of 1e5 draws."""
    pairs = jax.random.uniform(jax.random.key(5), (100_000, 2))

    def through(pair, *parameters):
        return build(kind, *parameters).from_uniforms(pair) ** 2

    at = (LOGITS, CENTRES, LOG_SCALE)
    each = compiled(
        lambda *at: jax.vmap(lambda pair: jax.grad(through, argnums=(1, 2, 3))(pair, *at))(pairs)
    )(*at)
    exact = jax.grad(moments, argnums=(1, 2, 3))(kind, *at)
    for draws, gradient in zip(each, exact, strict=True):
        error = np.std(draws, axis=0) / np.sqrt(len(pairs))
        assert np.all(np.abs(np.mean(draws, axis=0) - gradient) < 5 * error)
        assert np.all(error < 0.05)


def test_gradients_through_draws_of_a_smooth_function_match_quadrature():
    pairs = jax.random.uniform(jax.random.key(6), (100_000, 2))

    def through(pair, mean):
        return jnp.sin(2 * build("logistic", mean=mean).from_uniforms(pair))

    gradient = jax.grad(through, argnums=1)
    each = compiled(lambda m: jax.vmap(lambda pair: gradient(pair, m))(pairs))(CENTRES)
    exact = [
        w
        * integrate.quad(
            lambda x, m=m, s=s: 2 * np.cos(2 * x) * stats.logistic.pdf(x, m, s),
            m - 40 * s,
            m + 40 * s,
        )[0]
        for w, m, s in zip(WEIGHTS, MEAN, SCALE, strict=True)
    ]
    error = np.std(each, axis=0) / np.sqrt(len(pairs))
    assert np.all(np.abs(np.mean(each, axis=0) - np.array(exact)) < 5 * error)


# ---- mixtures of densities

FIRST = moving_logistic([-1.0, 2.0], [1.0, 0.0], [0.0, -0.5], [0.0, 0.3])
SECOND = moving_logistic([1.5, -0.5], [0.0, 2.0], [-0.7, 0.2], [0.1, 0.0])
T, X = jnp.array(0.4), jnp.array([0.3, 0.8])


def test_a_mixture_is_the_weighted_sum_of_its_components():
    density = Mixture([FIRST, SECOND], weights=[1.0, 3.0])
    expected = np.logaddexp(
        np.log(0.25) + FIRST.log_prob(T, X), np.log(0.75) + SECOND.log_prob(T, X)
    )
    np.testing.assert_allclose(density.log_prob(T, X), expected, rtol=1e-12)
    np.testing.assert_allclose(jnp.exp(density.log_weights(0.3)), [0.25, 0.75], rtol=1e-12)


def test_components_have_equal_weights_by_default():
    density = Mixture([FIRST, SECOND, FIRST])
    np.testing.assert_allclose(jnp.exp(density.log_weights(0.3)), 1 / 3, rtol=1e-12)


def test_gradients_through_draws_of_a_mixture_of_densities():
    """d E[x_1 x_2] / d gamma: the second coordinate depends on gamma through the first."""
    keys = jax.random.split(jax.random.key(8), 100_000)
    density = Mixture([FIRST, SECOND], weights=[1.0, 3.0])

    def through(density, key):
        return jnp.prod(density.sample(key, T))

    gradients = compiled(lambda d: jax.vmap(lambda k: jax.grad(through)(d, k).logits)(keys))(
        density
    )
    # Means at T = 0.4: (-0.6, 2) and (1.5, 0.3); products -1.2 and 0.45.
    exact = 0.25 * 0.75 * (-1.2 - 0.45) * np.array([1.0, -1.0])
    error = np.std(gradients, axis=0) / np.sqrt(len(keys))
    assert np.all(np.abs(np.mean(gradients, axis=0) - exact) < 5 * error)
    assert np.all(error < 0.05)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -2.0], [[1.0, 2.0]], [1.0, np.nan]])
def test_weights_are_positive_and_one_per_component(weights):
    with pytest.raises(ValueError, match="expected 2 positive weights"):
        Mixture([FIRST, SECOND], weights=weights)


def test_a_mixture_needs_a_component():
    with pytest.raises(ValueError, match="at least one component"):
        Mixture([])


def test_components_of_a_mixture_are_of_one_class():
    other = moving_logistic([0.0], [0.0], [0.0], [0.0])
    with pytest.raises(ValueError, match="one class and one shape"):
        Mixture([FIRST, other])
    with pytest.raises(ValueError, match="one class and one shape"):
        Mixture([FIRST, mixture(lambda dim, seed: SECOND, 2)])


def test_components_of_a_mixture_have_networks_of_one_size():
    with pytest.raises(ValueError, match="one class and one shape"):
        Mixture([factorized(2), factorized(2, width=24)])

"""The time to the next event against SciPy's Weibull and exponential distributions."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.point_process import InterEventTime
from oracles import compiled

SCALES, SHAPES, WEIGHTS, RATE = (0.3, 2.0, 9.0), (0.5, 1.0, 3.0), (0.2, 0.5, 0.3), 0.15


@pytest.fixture(scope="module")
def law():
    return InterEventTime(
        *(jnp.log(jnp.array(part)) for part in (WEIGHTS, SCALES, SHAPES)), jnp.log(RATE)
    )


def survival(time):
    """That neither of two independent times is over: of SciPy alone."""
    parts = [
        weight * stats.weibull_min(shape, scale=scale).sf(time)
        for weight, scale, shape in zip(WEIGHTS, SCALES, SHAPES, strict=True)
    ]
    return sum(parts) * stats.expon(scale=1 / RATE).sf(time)


def test_survival_and_density_are_those_of_scipy(law):
    y = np.linspace(-8.0, 3.0, 201)
    found = compiled(lambda law: jax.vmap(law.log_survival)(y))(law)
    np.testing.assert_allclose(found, np.log(survival(np.exp(y))), rtol=1e-10, atol=1e-14)
    step = 1e-5
    slope = -(survival(np.exp(y + step)) - survival(np.exp(y - step))) / (2 * step)
    density = jnp.exp(compiled(lambda law: jax.vmap(law.log_pdf)(y))(law))
    np.testing.assert_allclose(density, slope, rtol=1e-5, atol=1e-10)


def test_the_density_has_mass_one(law):
    y = np.linspace(-60.0, 8.0, 20_001)
    density = jnp.exp(compiled(lambda law: jax.vmap(law.log_pdf)(y))(law))
    assert np.trapezoid(density, y) == pytest.approx(1.0, abs=1e-9)


def test_samples_follow_the_survival(law):
    keys = jax.random.split(jax.random.key(1), 20_000)
    drawn = np.exp(compiled(lambda law: jax.vmap(law.sample)(keys))(law))
    assert stats.kstest(drawn, lambda time: 1 - survival(time)).pvalue > 1e-4


def test_equal_scales_of_shape_one_are_one_exponential_distribution():
    """Rates add: 1 / 2 of the mixture and 1 / 4 beside it."""
    two = jnp.full(3, jnp.log(2.0))
    law = InterEventTime(jnp.log(jnp.full(3, 1 / 3)), two, jnp.zeros(3), jnp.log(0.25))
    time = np.geomspace(1e-6, 50.0, 101)
    law_of = stats.expon(scale=1 / 0.75)
    y = np.log(time)
    log_pdf = compiled(lambda law: jax.vmap(law.log_pdf)(y))(law)
    np.testing.assert_allclose(log_pdf - y, law_of.logpdf(time), rtol=1e-10)


def test_parameters_of_any_size_are_finite_in_single_precision_and_so_are_gradients():
    y = jnp.array([-16.0, -3.0, 0.0, 4.0, 16.0], jnp.float32)
    drawn = np.random.default_rng(0).normal(size=(40, 10)) * np.geomspace(0.1, 1e4, 40)[:, None]
    free = jnp.asarray(drawn, jnp.float32)

    def both(free, y):
        law = InterEventTime.bounded(free)
        return law.log_pdf(y) + law.log_survival(y)

    slopes = jax.vmap(jax.vmap(jax.value_and_grad(both, (0, 1)), (None, 0)), (0, None))
    found = compiled(slopes)(free, y)
    for leaf in jax.tree.leaves(found):
        assert leaf.dtype == jnp.float32
        assert np.all(np.isfinite(leaf))


def test_tails_are_exponential_at_worst():
    """Whatever the parameters: a time e^10 typical ones beyond e^10 has its rate at least."""
    for size in (0.0, 3.0, 1e6):
        law = InterEventTime.bounded(jnp.full(10, -size))
        fall = law.log_survival(10.0) - law.log_survival(jnp.log(2 * jnp.exp(10.0)))
        assert fall >= np.exp(-8.0) * np.exp(10.0) * (1 - 1e-9)


def test_the_time_between_bursts_can_last_a_window():
    """For inter-event times of a millionth window a rate of one in e^3.9 windows, and scales of e^3.9 windows."""
    log_window = np.log(1e6)
    law = InterEventTime.bounded(jnp.array([0.0, 100.0, 0.0, -100.0]), log_window=log_window)
    assert law.log_rate < -log_window - 3.9
    assert law.log_scale[0] > log_window + 3.9


def test_zeros_are_exponential():
    law = eqx.filter_jit(InterEventTime.bounded)(jnp.zeros(7))
    np.testing.assert_allclose(law.log_shape, 0.0)
    np.testing.assert_allclose(law.log_scale, 0.0)

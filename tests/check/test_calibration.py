from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.check import calibration, ecdf_band
from conservax.check._calibration import check_calibration
from conservax.check._draws import draw_rows, random_times
from conservax.check._samples import check_samples
from conservax.density import AbstractDensity
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw


def drawn(law, n=1000):
    return draw_rows(law, jax.random.key(4), random_times(jax.random.key(5), n, law), None)


def test_ranks_of_a_gaussian_are_those_of_its_standard_coordinates(gaussian):
    z = np.random.default_rng(0).normal(size=(50, 2))
    t = jnp.linspace(0, 1, 50)
    x = [
        np.asarray(gaussian.mean(s)) + np.asarray(gaussian.scale(s)) @ v
        for s, v in zip(t, z, strict=True)
    ]
    u = calibration(ConservationLaw(gaussian, KnotheRosenblatt()), t, jnp.array(x))
    np.testing.assert_allclose(u, stats.norm.cdf(z), atol=1e-10)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_band_holds_the_whole_ecdf_as_often_as_it_says(level):
    draws = np.sort(np.random.default_rng(0).uniform(size=(4000, 40)), axis=1)
    above = (np.arange(1, 41) / 40 - draws).max(axis=1)
    below = (draws - np.arange(40) / 40).max(axis=1)
    inside = np.mean(np.maximum(above, below) < ecdf_band(40, level))
    assert abs(inside - level) < 4 * np.sqrt(level * (1 - level) / 4000)


def test_samples_of_the_law_pass_both(learned):
    rows = drawn(learned)
    assert check_samples(learned, rows).passed
    held_out = check_calibration(learned, rows)
    assert held_out.passed
    assert held_out.value < ecdf_band(1000, 0.999)


def test_samples_of_a_shifted_density_fail(gaussian, tampered):
    law = ConservationLaw(tampered(gaussian, shift=0.2), KnotheRosenblatt())
    result = check_samples(law, drawn(law))
    assert not result.passed
    assert result.value < 1e-6


@pytest.mark.parametrize(("shift", "forgiven"), [(0.2, True), (0.5, False)])
def test_a_law_that_is_a_little_off_is_forgiven_and_a_wrong_one_not(shift, forgiven, gaussian):
    law = ConservationLaw(gaussian, KnotheRosenblatt())
    t, x, _ = drawn(law)
    # A shift by d standard deviations is a Kolmogorov distance of 2 Phi(d / 2) - 1.
    moved = stats.norm.cdf(stats.norm.ppf(calibration(law, t, x)) + shift)
    x = jax.jit(jax.vmap(gaussian.inverse_conditional_cdf))(t, jnp.asarray(moved))
    result = check_calibration(law, (t, x, None))
    assert abs(result.value - (2 * stats.norm.cdf(shift / 2) - 1)) < 0.04
    assert result.value > ecdf_band(1000, 0.9995)
    assert result.passed == forgiven


class Opaque(AbstractDensity):
    dim: int = 2
    condition_dim: int = 0

    def log_prob(self, t, x, condition=None):
        return -0.5 * jnp.sum(x**2)

    def sample(self, key, t, condition=None):
        return jax.random.normal(key, (2,))


def test_a_density_without_conditionals_is_refused():
    law = SimpleNamespace(density=Opaque())
    with pytest.raises(TypeError, match="expected a density with conditional CDFs"):
        calibration(law, jnp.zeros(3), jnp.zeros((3, 2)))

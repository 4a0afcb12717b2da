"""A mixture at rest, against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.density import DiagonalGaussianMixture

CENTRE, SCALE = np.array([[0.0, 3.0], [-2.0, 1.0]]), np.array([[1.0, 0.5], [2.0, 0.1]])
WEIGHTS = np.array([3.0, 1.0])


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_its_density_and_draws_are_those_of_its_components(weights):
    density = DiagonalGaussianMixture(CENTRE, SCALE, weights)
    share = np.full(2, 0.5) if weights is None else weights / weights.sum()
    x = np.random.default_rng(0).normal(size=(30, 2))
    each = [
        w * np.prod(stats.norm.pdf(x, c, s), axis=1)
        for w, c, s in zip(share, CENTRE, SCALE, strict=True)
    ]
    found = jax.vmap(lambda x: density.log_prob(0.3, x))(jnp.asarray(x))
    np.testing.assert_allclose(found, np.log(sum(each)), atol=1e-10)
    keys = jax.random.split(jax.random.key(0), 20_000)
    drawn = np.asarray(jax.vmap(lambda key: density.sample(key, 0.3))(keys))
    np.testing.assert_allclose(drawn.mean(0), share @ CENTRE, atol=0.05)


def test_what_is_fixed_has_no_gradient_and_weights_never_have():
    def slopes(fixed):
        density = DiagonalGaussianMixture(CENTRE, SCALE, WEIGHTS, fixed=fixed)
        return jax.grad(lambda one: one.log_prob(0.0, jnp.ones(2)), allow_int=True)(density)

    free, fixed = slopes(False), slopes(True)
    assert np.abs(free.centre).max() > 0.01
    assert not np.any(free.log_weights)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(fixed))


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0]])
def test_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(ValueError, match="expected 2 weights above 0"):
        DiagonalGaussianMixture(CENTRE, SCALE, weights)

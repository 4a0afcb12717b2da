"""A density that is a Laplacian, and its flux."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from conservax.check import continuity_residual
from conservax.density import Autoregressive, Subharmonic
from conservax.flux import SubharmonicFlux
from conservax.law import ConservationLaw
from conservax.model._codec import decode, encode

KEY = jax.random.key(2)
T = jnp.array(0.3)


def density_of(components):
    return Subharmonic(components=components, width=16, depth=2, key=KEY)


def at_centre(density):
    return density.parts(T)[2][0]


def test_one_normal_has_the_potential_and_slope_of_the_paper():
    density = density_of(1)
    _, log_scale, centres = density.parts(T)
    x = np.asarray(centres[0]) + np.array([[0.7, -0.2], [2.0, 3.0], [1e-2, 0.0], [1e-4, 1e-4]])
    z = np.exp(log_scale[0]) * (x - np.asarray(centres[0]))
    square = np.sum(z**2, axis=1)
    known = (np.log(square) + special.exp1(square / 2)) / (4 * np.pi)
    both = jax.jit(jax.vmap(lambda x: (density.potential(T, x), density.slope(T, x))))
    potential, slope = both(jnp.asarray(x))
    np.testing.assert_allclose(potential, known, rtol=1e-10)
    gradient = jax.jit(jax.vmap(jax.grad(lambda x: density.potential(T, x))))(jnp.asarray(x))
    np.testing.assert_allclose(slope, gradient, rtol=1e-7, atol=1e-12)


def test_the_density_is_the_divergence_of_the_slope_and_a_mixture_of_normals():
    density = density_of(5)
    log_weights, log_scale, centres = map(np.asarray, density.parts(T))
    x = np.concatenate([centres, centres + 1e-3, np.random.default_rng(0).normal(size=(20, 2))])
    divergence = jax.jit(
        jax.vmap(lambda x: jnp.trace(jax.jacfwd(lambda x: density.slope(T, x))(x)))
    )(jnp.asarray(x))
    known = sum(
        np.exp(w) * stats.multivariate_normal(c, np.exp(-2 * a)).pdf(x)
        for w, a, c in zip(log_weights, log_scale, centres, strict=True)
    )
    np.testing.assert_allclose(divergence, known, rtol=1e-9)
    log_prob = jax.jit(jax.vmap(lambda x: density.log_prob(T, x)))(jnp.asarray(x))
    np.testing.assert_allclose(np.exp(log_prob), known, rtol=1e-9)


def test_probability_is_conserved():
    law = ConservationLaw(density_of(5), SubharmonicFlux())
    keys = jax.random.split(KEY, 50)
    x = jnp.append(jax.vmap(lambda key: law.sample(key, T))(keys), at_centre(law.density)[None], 0)
    residual = jax.jit(jax.vmap(lambda x: continuity_residual(law, T, x)))(x)
    change = jax.jit(jax.vmap(jax.grad(lambda t, x: jnp.exp(law.log_prob(t, x))), (None, 0)))(T, x)
    assert np.max(np.abs(change)) > 1e-2
    np.testing.assert_allclose(residual, 0, atol=1e-10)


def test_samples_have_the_mean_of_the_mixture():
    density = density_of(5)
    log_weights, log_scale, centres = map(np.asarray, density.parts(T))
    x = np.asarray(
        jax.jit(jax.vmap(lambda key: density.sample(key, T)))(jax.random.split(KEY, 20_000))
    )
    mean = np.exp(log_weights) @ centres
    np.testing.assert_allclose(x.mean(0), mean, atol=0.04)
    square = np.exp(log_weights) @ (np.sum(centres**2, axis=1) + 2 * np.exp(-2 * log_scale))
    np.testing.assert_allclose(np.mean(np.sum(x**2, axis=1)), square, rtol=0.04)


def test_everything_stays_finite_in_single_precision():
    law = ConservationLaw(density_of(5), SubharmonicFlux())
    small = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), law)
    far = jnp.array([1e4, -1e4], jnp.float32)
    t, locations = (
        T.astype(jnp.float32),
        jnp.stack([far, at_centre(density_of(5)).astype(jnp.float32)]),
    )

    @eqx.filter_jit
    def everything(law):
        speed = lambda law, x: jnp.sum(law.velocity(t, x))  # noqa: E731
        each = lambda x: (speed(law, x), jax.grad(speed, 1)(law, x), eqx.filter_grad(speed)(law, x))  # noqa: E731
        return jax.vmap(each)(locations)

    leaves = jax.tree.leaves(everything(small))
    assert {leaf.dtype for leaf in leaves} == {np.dtype(np.float32)}
    assert all(np.all(np.isfinite(leaf)) for leaf in leaves)


def test_it_can_be_stored():
    law = ConservationLaw(density_of(2), SubharmonicFlux())
    again = decode(*encode(law))
    np.testing.assert_array_equal(again.velocity(T, jnp.ones(2)), law.velocity(T, jnp.ones(2)))


def test_it_lives_in_the_plane():
    with pytest.raises(ValueError, match="expected dim = 2; got 3"):
        Subharmonic(3, key=KEY)
    other = Autoregressive(2, components=2, width=8, depth=1, key=KEY)
    with pytest.raises(TypeError, match="the kind Subharmonic with SubharmonicFlux; got Autoreg"):
        SubharmonicFlux().flux(other, T, jnp.ones(2))

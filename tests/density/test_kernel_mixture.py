"""Kernel mixtures on clusters of the data: initial components, densities and refusals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from conservax.density import KernelMixture
from conservax.models import find_clusters
from oracles import compiled

KEY = jax.random.key(0)
STATIONS = np.array([[-2.0, 0.0], [0.0, 1.0], [2.0, -1.0]])


def rows(n=3000, spread=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return STATIONS[rng.choice(3, n, p=[0.5, 0.3, 0.2])] + spread * rng.normal(size=(n, 2))


def test_components_start_at_the_clusters_of_the_rows():
    density = KernelMixture.from_clusters(find_clusters(rows(), 3), kernel="normal", key=KEY)
    order = np.argsort(density.centre[0])
    np.testing.assert_allclose(np.asarray(density.centre).T[order], STATIONS, atol=0.02)
    weights = np.exp(density.logits)[order]
    np.testing.assert_allclose(weights, [0.5, 0.3, 0.2], atol=0.03)
    x = jnp.asarray(rows(seed=1))
    nll = -compiled(lambda d: jnp.mean(jax.vmap(lambda x: d.log_prob(0.3, x))(x)))(density)
    entropy = stats.entropy([0.5, 0.3, 0.2]) + np.log(2 * np.pi * np.e * 0.1**2)
    assert nll == pytest.approx(entropy, abs=0.06)


@pytest.mark.parametrize(
    ("kernel", "family"), [("normal", stats.norm), ("logistic", stats.logistic)]
)
def test_log_prob_is_that_of_the_kernels(kernel, family):
    scale = np.array([[0.5, 0.2], [0.1, 0.3], [1.0, 1.0]])
    weights = np.array([0.2, 0.5, 0.3])
    density = KernelMixture(STATIONS, scale, weights, kernel=kernel, key=KEY)
    # No network, and the scales as requested.
    object.__setattr__(density, "readout", jnp.zeros_like(density.readout))
    x = np.array([0.3, 0.4])
    log_scale = np.asarray(density.start(jnp.array(0.0))[2]).T
    np.testing.assert_allclose(np.exp(log_scale), scale, rtol=0.02)
    expected = np.log(np.sum(weights * np.prod(family.pdf(x, STATIONS, np.exp(log_scale)), axis=1)))
    np.testing.assert_allclose(
        density.log_prob(jnp.array(0.0), jnp.asarray(x)), expected, rtol=1e-10
    )


def test_components_of_full_covariance_are_normals():
    random = np.random.default_rng(0)
    factor = np.tril(random.normal(size=(3, 3, 3))) + np.eye(3)
    centre, weights = random.normal(size=(3, 3)), np.array([0.2, 0.5, 0.3])
    width = np.abs(factor[:, range(3), range(3)])
    slopes = factor / factor[:, range(3), range(3)][:, None]
    density = KernelMixture(centre, width, weights, slopes=slopes, kernel="normal", key=KEY)
    object.__setattr__(density, "readout", jnp.zeros_like(density.readout))
    # Scales come out a bit larger than requested, and the factors with them.
    scale = np.exp(np.asarray(density.start(jnp.array(0.0))[2])).T
    lower = (np.tril(slopes, -1) + np.eye(3)) * scale[:, None]
    x = random.normal(size=(5, 3))
    parts = [stats.multivariate_normal(c, m @ m.T) for c, m in zip(centre, lower, strict=True)]
    expected = np.log(sum(w * part.pdf(x) for w, part in zip(weights, parts, strict=True)))
    got = [float(density.log_prob(jnp.array(0.0), jnp.asarray(point))) for point in x]
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_components_of_full_covariance_start_with_the_slopes_of_the_clusters():
    rng = np.random.default_rng(0)
    covariance = np.array([[0.04, 0.03], [0.03, 0.09]])
    locations = STATIONS[rng.integers(0, 3, 6000)]
    x = locations + rng.multivariate_normal([0, 0], covariance, size=6000)
    density = KernelMixture.from_clusters(
        find_clusters(x, 3), covariance="full", kernel="normal", key=KEY
    )
    log_scale, slopes = density.start(jnp.array(0.5))[2:]
    np.testing.assert_allclose(slopes[1, 0], 0.75, atol=0.1)
    np.testing.assert_allclose(slopes[0, 1], 0.0)
    np.testing.assert_allclose(np.exp(log_scale[0]), 0.2, rtol=0.1)
    np.testing.assert_allclose(np.exp(log_scale[1]), np.sqrt(0.09 - 0.03**2 / 0.04), rtol=0.1)


def test_the_background_is_a_standard_kernel_whatever_is_trained():
    bare = KernelMixture(STATIONS, np.full((3, 2), 0.1), kernel="normal", key=KEY)
    with_it = KernelMixture(
        STATIONS, np.full((3, 2), 0.1), kernel="normal", background=0.02, key=KEY
    )
    far, t = jnp.array([1.0, 3.0]), jnp.array(0.3)
    wide = stats.norm.logpdf([1.0, 3.0]).sum() + np.log(0.02)
    assert float(bare.log_prob(t, far)) < -50
    assert float(with_it.log_prob(t, far)) == pytest.approx(wide, rel=1e-9)
    near = jnp.asarray(STATIONS[0])
    expected = np.logaddexp(
        float(bare.log_prob(t, near)) + np.log(0.98),
        stats.norm.logpdf(STATIONS[0]).sum() + np.log(0.02),
    )
    assert float(with_it.log_prob(t, near)) == pytest.approx(expected, rel=1e-9)


def test_triggering_components_are_at_the_locations_in_the_condition():
    density = KernelMixture(
        STATIONS, np.full((3, 2), 0.1), kernel="normal", triggering=2, condition_dim=7, key=KEY
    )
    t, location = jnp.array(0.3), jnp.array([5.0, 5.0])
    both = jnp.array([0.3, 1.0, 1.0, 5.0, 5.0, -5.0, 5.0])
    one = both.at[2].set(0.0)
    assert float(density.log_prob(t, location, both)) > -2
    assert float(density.log_prob(t, jnp.array([-5.0, 5.0]), both)) > -2
    assert float(density.log_prob(t, location, one)) > -2
    assert float(density.log_prob(t, jnp.array([-5.0, 5.0]), one)) < -50


def test_components_stay_unless_they_are_time_varying():
    still = KernelMixture(STATIONS, np.ones((3, 2)), key=KEY)
    varying = KernelMixture(STATIONS, np.ones((3, 2)), time_varying=True, key=KEY)
    for density, moves in ((still, False), (varying, True)):
        states = [density.start(jnp.array(t)) for t in (0.1, 0.9)]
        same = [np.array_equal(a, b) for a, b in zip(*states, strict=True)]
        assert same == [False, not moves, not moves, True]


def test_fewer_locations_than_components():
    density = KernelMixture.from_clusters(
        find_clusters(np.repeat(STATIONS, 5, axis=0), 64), key=KEY
    )
    assert density.centre.shape == (2, 3)
    assert np.all(np.isfinite(density.raw_scale))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": np.ones((2, 2))}, "centre and scale of shape"),
        ({"weights": np.array([1.0, 0.0, 1.0])}, "3 positive weights"),
        ({"rank": 0}, "rank of at least 1"),
        ({"kernel": "cauchy"}, "a kernel of"),
    ],
)
def test_what_it_refuses(options, words):
    options = {"centre": STATIONS, "scale": np.ones((3, 2))} | options
    with pytest.raises(ValueError, match=words):
        KernelMixture(**options, key=KEY)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_time_basis_of_rank_one_oscillates_as_fast_as_the_embedding(seed):
    """Weights of rank 1 learn to go up, down and up again."""
    density = KernelMixture(STATIONS[:2], np.ones((2, 2)), rank=1, key=jax.random.key(seed))
    times = jnp.linspace(0.0, 1.0, 40)
    weights = 0.5 + 0.4 * jnp.sin(3 * np.pi * times)
    target = jnp.stack([weights, 1 - weights], axis=1)

    def cross_entropy(parameters, rest):
        log_weights = jax.vmap(lambda t: eqx.combine(parameters, rest).start(t)[0])(times)
        return -jnp.mean(jnp.sum(target * log_weights, axis=1))

    parameters, rest = eqx.partition(density, eqx.is_inexact_array)
    optimiser = optax.adam(0.02)

    def step(_, state):
        found, moments = state
        gradient = jax.grad(cross_entropy)(found, rest)
        updates, moments = optimiser.update(gradient, moments)
        return eqx.apply_updates(found, updates), moments

    start = parameters, optimiser.init(parameters)
    found, _ = compiled(lambda state: jax.lax.fori_loop(0, 1000, step, state))(start)
    log_weights = jax.vmap(lambda t: eqx.combine(found, rest).start(t)[0])(times)
    np.testing.assert_allclose(jnp.exp(log_weights), target, atol=0.05)

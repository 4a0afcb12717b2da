"""Bumps placed on the data: where they start, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.density import DiagonalMixture
from oracles import compiled

KEY = jax.random.key(0)
STATIONS = np.array([[-2.0, 0.0], [0.0, 1.0], [2.0, -1.0]])


def rows(n=3000, spread=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return STATIONS[rng.choice(3, n, p=[0.5, 0.3, 0.2])] + spread * rng.normal(size=(n, 2))


def test_bumps_start_at_the_clusters_of_the_rows():
    density = DiagonalMixture.from_rows(rows(), 3, kernel="normal", key=KEY)
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
    density = DiagonalMixture(STATIONS, scale, weights, kernel=kernel, key=KEY)
    # No network, and the scales as they were asked for.
    quiet = jax.tree.map(jnp.zeros_like, density.network)
    object.__setattr__(density, "network", quiet)
    x = np.array([0.3, 0.4])
    log_scale = np.asarray(density.start(jnp.array(0.0))[2]).T
    np.testing.assert_allclose(np.exp(log_scale), scale, rtol=0.02)
    expected = np.log(np.sum(weights * np.prod(family.pdf(x, STATIONS, np.exp(log_scale)), axis=1)))
    np.testing.assert_allclose(
        density.log_prob(jnp.array(0.0), jnp.asarray(x)), expected, rtol=1e-10
    )


def test_bumps_stay_unless_they_may_move():
    still = DiagonalMixture(STATIONS, np.ones((3, 2)), key=KEY)
    moving = DiagonalMixture(STATIONS, np.ones((3, 2)), moving=True, key=KEY)
    for density, moves in ((still, False), (moving, True)):
        states = [density.start(jnp.array(t)) for t in (0.1, 0.9)]
        same = [np.array_equal(a, b) for a, b in zip(*states, strict=True)]
        assert same == [False, not moves, not moves]


def test_fewer_places_than_bumps():
    density = DiagonalMixture.from_rows(np.repeat(STATIONS, 5, axis=0), 64, key=KEY)
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
        DiagonalMixture(**options, key=KEY)

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from conservax.density import Autoregressive, Gaussian
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw

START = jnp.array([1.0, -2.0])
SPREAD = jnp.array([0.3, 1.5])


@pytest.fixture
def ornstein_uhlenbeck():
    """Marginals of dX = -2 X dt + 0.8 dW from N(START, SPREAD^2)."""
    rate, volatility = 2.0, 0.8
    stationary = volatility**2 / (2 * rate)

    def scale(t):
        return jnp.sqrt(stationary + (SPREAD**2 - stationary) * jnp.exp(-2 * rate * t))

    density = Gaussian(2, lambda t: START * jnp.exp(-rate * t), scale)
    return ConservationLaw(density, KnotheRosenblatt(), diffusion=volatility)


@pytest.fixture
def gaussian():
    """From N((0, 0), I) to N((3, -1), L L^T), along straight lines in mean and factor."""
    factor = jnp.array([[0.5, 0.0], [0.8, 1.2]])
    density = Gaussian(
        2,
        lambda t: t * jnp.array([3.0, -1.0]),
        lambda t: (1 - t) * jnp.eye(2) + t * factor,
    )
    return ConservationLaw(density, KnotheRosenblatt())


@pytest.fixture
def learned():
    """A small network with every parameter shaken, so that the density moves and has ridges."""
    density = Autoregressive(2, components=4, width=16, depth=2, key=jax.random.key(0))
    leaves, structure = jax.tree.flatten(density)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    shaken = [
        leaf + 0.1 * jax.random.normal(key, leaf.shape, leaf.dtype)
        for key, leaf in zip(keys, leaves, strict=True)
    ]
    return ConservationLaw(jax.tree.unflatten(structure, shaken), KnotheRosenblatt())


@pytest.fixture
def draw():
    """Rows from rho_t."""

    @eqx.filter_jit
    def rows(law, t, n, seed=0):
        keys = jax.random.split(jax.random.key(seed), n)
        return jax.vmap(lambda key: law.sample(key, jnp.asarray(t)))(keys)

    return rows

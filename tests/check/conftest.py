from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from conservax.density import (
    AbstractAutoregressiveDensity,
    AbstractDensity,
    Autoregressive,
    Gaussian,
)
from conservax.flux import AbstractFlux, KnotheRosenblatt
from conservax.law import ConservationLaw


class Rescaled(AbstractFlux):
    """The flux of another, times a factor."""

    needs: ClassVar[type[AbstractDensity]] = AbstractDensity

    component_flux: AbstractFlux
    factor: Callable

    def velocity(self, density, t, x, condition=None):
        return self.factor(x) * self.component_flux.velocity(density, t, x, condition)

    def flux(self, density, t, x, condition=None):
        return self.factor(x) * self.component_flux.flux(density, t, x, condition)


class Tampered(AbstractAutoregressiveDensity):
    """A density whose mass, or whose samples, were tampered with."""

    density: AbstractAutoregressiveDensity
    mass: float = 1.0
    shift: float = 0.0
    dim: int = 2
    condition_dim: int = 0

    def start(self, t, condition=None):
        return self.density.start(t, condition)

    def conditional(self, state, i):
        honest, state = self.density.conditional(state, i)
        return eqx.tree_at(lambda law: law.mean, honest, honest.mean + self.shift), state

    def extend(self, state, i, x_i):
        return self.density.extend(state, i, x_i)

    def conditionals(self, t, x, condition=None):
        honest = self.density.conditionals(t, x, condition)
        louder = honest.log_weights + jnp.log(self.mass) / self.dim
        return eqx.tree_at(lambda law: law.log_weights, honest, louder)


@pytest.fixture
def gaussian():
    """From N((0, 0), I) to N((3, -1), L L^T)."""
    factor = jnp.array([[0.5, 0.0], [0.8, 1.2]])
    return Gaussian(
        2,
        lambda t: t * jnp.array([3.0, -1.0]),
        lambda t: (1 - t) * jnp.eye(2) + t * factor,
    )


@pytest.fixture
def shaken():
    """A small network with every parameter shaken, so that the density moves and has ridges."""

    def density(dim, size=0.1, **options):
        plain = Autoregressive(
            dim, components=4, width=16, depth=2, **options, key=jax.random.key(0)
        )
        leaves, structure = jax.tree.flatten(plain)
        keys = jax.random.split(jax.random.key(1), len(leaves))
        moved = [
            leaf + size * jax.random.normal(key, leaf.shape, leaf.dtype)
            for key, leaf in zip(keys, leaves, strict=True)
        ]
        return jax.tree.unflatten(structure, moved)

    return density


@pytest.fixture
def learned(shaken):
    return ConservationLaw(shaken(2), KnotheRosenblatt())


@pytest.fixture
def rescaled():
    """The flux of another, times a factor of x."""
    return Rescaled


@pytest.fixture
def tampered():
    """A density whose mass, or whose samples, were tampered with."""
    return Tampered

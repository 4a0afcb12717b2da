"""Coordinates as features a network can use."""

import jax.numpy as jnp
from jaxtyping import Array, Float

FREQUENCIES = (1.0, 2.0, 4.0)  # radians a standard deviation
FEATURES = 1 + 2 * len(FREQUENCIES)


def squash(x: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """x near the data, bounded far out: networks stay finite at |x| = 1e4 and extrapolate flat."""
    return x / jnp.sqrt(1 + (x / 5) ** 2)


def point_features(x: Float[Array, "*batch"]) -> Float[Array, "*batch features"]:
    """Squashed x, and sines and cosines of it, so that conditionals may change sharply with x."""
    near = squash(x)
    waves = [wave(w * near) for w in FREQUENCIES for wave in (jnp.sin, jnp.cos)]
    return jnp.stack([near, *waves], axis=-1)

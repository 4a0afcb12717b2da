"""Coordinates as features a network can use."""

import jax.numpy as jnp
from jaxtyping import Array, Float

OCTAVES = 3
FEATURES = 1 + 2 * OCTAVES
REACH = 5.0  # standard deviations, beyond which features hardly change


def squash(x: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """x near the data, bounded far out: networks stay finite at |x| = 1e4 and extrapolate flat."""
    return x / jnp.sqrt(1 + (x / REACH) ** 2)


def point_features(x: Float[Array, "*batch"]) -> Float[Array, "*batch features"]:
    """Squashed x, and waves of it, so that conditionals may change sharply with x.

    The waves are sines and cosines of 4, 8 and 16 times the angle whose tangent is x / 5: of 0.8,
    1.6 and 3.2 radians a standard deviation near the middle. Doubling angles needs no sine.
    """
    near = squash(x)
    sine, cosine = near / REACH, 1 / jnp.sqrt(1 + (x / REACH) ** 2)
    features = [near]
    for doubled in range(1, OCTAVES + 2):
        sine, cosine = 2 * sine * cosine, cosine**2 - sine**2
        if doubled > 1:
            features += [sine, cosine]
    return jnp.stack(features, axis=-1)

"""Coordinates as features a network can use."""

import jax.numpy as jnp
from jaxtyping import Array, Float

REACH = 5.0  # standard deviations, beyond which features hardly change


def soft_clip(x: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """x near the data, bounded far out: networks stay finite at |x| = 1e4 and extrapolate flat."""
    return x / jnp.sqrt(1 + (x / REACH) ** 2)


def features_per_coordinate(waves: int) -> int:
    """How many numbers `fourier_features` makes of one."""
    return 1 + 2 * waves


def fourier_features(x: Float[Array, "*batch"], waves: int) -> Float[Array, "*batch features"]:
    """Squashed x, and `waves` sines and cosines of it, so that outputs may change sharply with x.

    The waves are those of 4, 8, 16, ... times the angle whose tangent is x / 5: of 0.8, 1.6, 3.2,
    ... radians a standard deviation near the middle. Doubling angles needs no sine.
    """
    near = soft_clip(x)
    sine, cosine = near / REACH, 1 / jnp.sqrt(1 + (x / REACH) ** 2)
    features = [near]
    for doubled in range(waves + 1 if waves else 0):
        sine, cosine = 2 * sine * cosine, cosine**2 - sine**2
        if doubled > 0:
            features += [sine, cosine]
    return jnp.stack(features, axis=-1)

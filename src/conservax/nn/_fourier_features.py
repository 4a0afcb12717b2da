"""Fourier features of coordinates, as inputs of a network."""

import jax.numpy as jnp
from jaxtyping import Array, Float

CLIP_RADIUS = 5.0  # standard deviations, beyond which features hardly change


def soft_clip(x: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Soft clipping: x near the data, bounded far out, so that networks extrapolate flat."""
    return x / jnp.sqrt(1 + (x / CLIP_RADIUS) ** 2)


def features_per_coordinate(count: int) -> int:
    """How many features `fourier_features` makes of one coordinate."""
    return 1 + 2 * count


def fourier_features(x: Float[Array, "*batch"], count: int) -> Float[Array, "*batch features"]:
    """Soft-clipped x, and `count` sines and cosines of it, so that outputs may change sharply with x.

    The angles are 4, 8, 16, ... times the angle whose tangent is x / 5: 0.8, 1.6, 3.2, ...
    radians per standard deviation near the middle. Doubling angles needs no sine.
    """
    near = soft_clip(x)
    sine, cosine = near / CLIP_RADIUS, 1 / jnp.sqrt(1 + (x / CLIP_RADIUS) ** 2)
    features = [near]
    for doubled in range(count + 1 if count else 0):
        sine, cosine = 2 * sine * cosine, cosine**2 - sine**2
        if doubled > 0:
            features += [sine, cosine]
    return jnp.stack(features, axis=-1)

"""From network outputs to mixtures of logistics, and where to start them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax.density._mixture_conditionals import LogisticMixture


def initial_outputs(components: int, min_scale: float) -> Float[Array, " outputs"]:
    """Network outputs of equal components spread over standardised data."""
    levels = (np.arange(components) + 0.5) / components
    mean = np.sqrt(3) / np.pi * np.log(levels / (1 - levels))
    width = np.sqrt(3) / np.pi / np.sqrt(components)
    above = np.log(1 + width / min_scale)
    raw_scale = np.full(components, above - 1 / above)
    return jnp.asarray(np.concatenate([np.zeros(components), mean, raw_scale]))


def to_mixture(outputs: Float[Array, "*batch outputs"], min_scale: float) -> LogisticMixture:
    """alpha, mu, s of (14)-(16) from raw outputs; no scale falls below `min_scale`.

    The logarithm of s / min_scale is (r + sqrt(r^2 + 4)) / 2, a ramp with a rounded corner that
    is cheaper than the softplus and whose gradient does not die out below the floor.
    """
    logits, mean, raw_scale = jnp.split(outputs, 3, axis=-1)
    above = 0.5 * (raw_scale + jnp.sqrt(raw_scale**2 + 4))
    return LogisticMixture(jax.nn.log_softmax(logits), mean, above + float(np.log(min_scale)))

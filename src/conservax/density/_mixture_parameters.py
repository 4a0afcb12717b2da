"""From network outputs to mixtures of logistics, and where to start them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax.density._mixture_conditionals import LogisticMixture


def initial_outputs(components: int) -> Float[Array, " outputs"]:
    """Network outputs of equal components spread over standardised data."""
    levels = (np.arange(components) + 0.5) / components
    mean = np.sqrt(3) / np.pi * np.log(levels / (1 - levels))
    width = np.sqrt(3) / np.pi / np.sqrt(components)
    log_scale = np.full(components, np.log(width))
    return jnp.asarray(np.concatenate([np.zeros(components), mean, log_scale]))


def to_mixture(outputs: Float[Array, "*batch outputs"], min_scale: float) -> LogisticMixture:
    """alpha, mu, s of (14)-(16) from raw outputs; no scale falls below `min_scale`."""
    logits, mean, raw_scale = jnp.split(outputs, 3, axis=-1)
    floor = jnp.log(jnp.asarray(min_scale, outputs.dtype))
    return LogisticMixture(jax.nn.log_softmax(logits), mean, jnp.logaddexp(raw_scale, floor))

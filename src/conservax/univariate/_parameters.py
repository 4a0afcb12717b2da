"""From network outputs to mixtures, and initial outputs."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax.univariate._mixture import KERNELS, UNIT_SCALE, AbstractKernelMixture, Kernel

_APART = 0.5  # deviation of the centres of components that begin as one normal


def initial_outputs(
    components: int, min_scale: float, kernel: Kernel = "logistic"
) -> Float[np.ndarray, " outputs"]:
    """Network outputs of equal components spread over standardised data."""
    levels = (np.arange(components) + 0.5) / components
    mean = np.sqrt(3) / np.pi * np.log(levels / (1 - levels))
    return _equal_components(mean, UNIT_SCALE[kernel] / np.sqrt(components), min_scale)


def normal_outputs(
    components: int, min_scale: float, kernel: Kernel = "normal"
) -> Float[np.ndarray, " outputs"]:
    """Network outputs of equal, broad components that make up one of mean 0 and deviation 1."""
    from scipy.stats import norm

    mean = _APART * norm.ppf((np.arange(components) + 0.5) / components)
    return _equal_components(mean, UNIT_SCALE[kernel] * np.sqrt(1 - mean.var()), min_scale)


def _equal_components(
    mean: np.ndarray, scale: float, min_scale: float
) -> Float[np.ndarray, " outputs"]:
    raw_scale = to_raw_scale(np.full(len(mean), scale), min_scale)
    return np.concatenate([np.zeros(len(mean)), mean, raw_scale])


def to_raw_scale(scale: np.ndarray, min_scale: float) -> np.ndarray:
    """The network output that `to_log_scale` turns into this scale (slightly more near `min_scale`)."""
    above = np.log(1 + scale / min_scale)
    return above - 1 / above


def to_log_scale(raw_scale: Array, min_scale: float) -> Array:
    """Log scale: a ramp with a rounded corner, (r + sqrt(r^2 + 4)) / 2 above log `min_scale`.

    It is cheaper than the softplus, and its gradient does not die out below the corner.
    """
    above = 0.5 * (raw_scale + jnp.sqrt(raw_scale**2 + 4))
    return above + float(np.log(min_scale))


def to_mixture(
    outputs: Float[Array, "*batch outputs"], min_scale: float, kernel: Kernel = "logistic"
) -> AbstractKernelMixture:
    """Mixture with alpha, mu, s of (14)-(16) from raw outputs; no scale falls below `min_scale`."""
    logits, mean, raw_scale = jnp.split(outputs, 3, axis=-1)
    log_scale = to_log_scale(raw_scale, min_scale)
    return KERNELS[kernel](jax.nn.log_softmax(logits), mean, log_scale)

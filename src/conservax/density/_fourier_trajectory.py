"""One normal component on a smooth trajectory, a sine series in time."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Condition, Time
from conservax.density._base import AbstractFactorizedDensity
from conservax.univariate import NormalMixture, to_log_scale, to_raw_scale


class FourierTrajectory(AbstractFactorizedDensity):
    """Normal density prod_i N(x_i; c_i(t), s_i(t)^2) on a smooth trajectory, a sine series.

    c(t) = (1 - t) c(0) + t c(1) + sum_k b_k sqrt(2) sin(pi k t) / (pi k), and the logarithm of s
    likewise, above a minimum. This is the Karhunen-Loeve basis of the Brownian bridge: the kinetic
    energy of the centre is |c(1) - c(0)|^2 + sum_k |b_k|^2, so that all coefficients are equally
    easy to learn.

    A `Mixture` of several is a population each component of which has its own trajectory. With
    `MixtureFlux(FactorizedFlux())`, (26) and (27) of [hua2025], it moves with its components.

    **Arguments:**

    - `endpoints`: centres at t = 0 and 1, shape `(2, dim)`, where training begins.
    - `scales`: standard deviations there, shape `(2, dim)`, or what broadcasts to it.
    - `coefficients`: b, shape `(modes, dim)`, where training begins.
    - `min_scale`: the least standard deviation.

    **Raises:** `ValueError` for other shapes, or scales below the least.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    min_scale: float = eqx.field(static=True)
    endpoints: Float[Array, "2 dim"]
    raw_scales: Float[Array, "2 dim"]
    coefficients: Float[Array, "modes dim"]
    scale_coefficients: Float[Array, "modes dim"]

    def __init__(
        self,
        endpoints: ArrayLike,
        scales: ArrayLike,
        coefficients: ArrayLike,
        *,
        min_scale: float = 1e-3,
    ):
        ends, modes = np.asarray(endpoints, float), np.asarray(coefficients, float)
        if ends.ndim != 2 or len(ends) != 2 or modes.ndim != 2 or modes.shape[1] != ends.shape[1]:
            raise ValueError(
                "expected endpoints of shape (2, dim) and coefficients of shape (modes, dim); got "
                f"{ends.shape} and {modes.shape}."
            )
        self.dim, self.condition_dim, self.min_scale = ends.shape[1], 0, min_scale
        self.endpoints, self.coefficients = jnp.asarray(ends), jnp.asarray(modes)
        scales = np.broadcast_to(np.asarray(scales, float), ends.shape)
        if not np.all(scales > min_scale):
            raise ValueError(f"expected scales above {min_scale}; got {scales.min():g}.")
        self.raw_scales = jnp.asarray(to_raw_scale(scales - min_scale, min_scale))
        self.scale_coefficients = jnp.zeros_like(self.coefficients)

    def marginals(self, t: Time, condition: Condition = None) -> NormalMixture:
        """One normal per coordinate."""
        del condition
        line = jnp.stack([1 - t, t])
        count, dtype = self.coefficients.shape[0], self.coefficients.dtype
        frequency = jnp.pi * jnp.arange(1, count + 1, dtype=dtype)
        modes = jnp.sqrt(2.0).astype(dtype) * jnp.sin(frequency * t) / frequency
        mean = line @ self.endpoints + modes @ self.coefficients
        raw_scale = line @ self.raw_scales + modes @ self.scale_coefficients
        log_scale = to_log_scale(raw_scale, self.min_scale)
        return NormalMixture(jnp.zeros_like(mean)[:, None], mean[:, None], log_scale[:, None])

"""One bump that goes along a smooth curve."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Condition, Time
from conservax.density._base import AbstractFactorizedDensity
from conservax.univariate import NormalMixture, to_log_scale, to_raw_scale


class FourierTrajectory(AbstractFactorizedDensity):
    """rho_t(x) = prod_i N(x_i; c_i(t), s_i(t)^2): one normal bump along a smooth curve.

    c(t) = (1 - t) c(0) + t c(1) + sum_k b_k sqrt(2) sin(pi k t) / (pi k), and the logarithm of s
    likewise, above a floor. These are the waves of the Brownian bridge: the kinetic energy of the
    centre is |c(1) - c(0)|^2 + sum_k |b_k|^2, so that all bends are equally easy to learn.

    A `Mixture` of several is a population of which every part has a way of its own. With
    `MixtureFlux(FactorizedFlux())`, (26) and (27) of [hua2025], it moves as its bumps do.

    **Arguments:**

    - `ends`: the places at t = 0 and 1, shape `(2, dim)`, where training begins.
    - `scales`: standard deviations there, shape `(2, dim)`, or what broadcasts to it.
    - `bends`: b, shape `(waves, dim)`, where training begins.
    - `min_scale`: the narrowest that a bump can be.

    **Raises:** `ValueError` for other shapes, or scales below the narrowest.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    min_scale: float = eqx.field(static=True)
    ends: Float[Array, "2 dim"]
    raw_scales: Float[Array, "2 dim"]
    bends: Float[Array, "waves dim"]
    swells: Float[Array, "waves dim"]

    def __init__(
        self,
        ends: ArrayLike,
        scales: ArrayLike,
        bends: ArrayLike,
        *,
        min_scale: float = 1e-3,
    ):
        ends, bends = np.asarray(ends, float), np.asarray(bends, float)
        if ends.ndim != 2 or len(ends) != 2 or bends.ndim != 2 or bends.shape[1] != ends.shape[1]:
            raise ValueError(
                "expected ends of shape (2, dim) and bends of shape (waves, dim); got "
                f"{ends.shape} and {bends.shape}."
            )
        self.dim, self.condition_dim, self.min_scale = ends.shape[1], 0, min_scale
        self.ends, self.bends = jnp.asarray(ends), jnp.asarray(bends)
        scales = np.broadcast_to(np.asarray(scales, float), ends.shape)
        if not np.all(scales > min_scale):
            raise ValueError(f"expected scales above {min_scale}; got {scales.min():g}.")
        self.raw_scales = jnp.asarray(to_raw_scale(scales - min_scale, min_scale))
        self.swells = jnp.zeros_like(self.bends)

    def marginals(self, t: Time, condition: Condition = None) -> NormalMixture:
        """One normal a coordinate."""
        del condition
        ends = jnp.stack([1 - t, t])
        frequency = jnp.pi * jnp.arange(1, len(self.bends) + 1, dtype=self.bends.dtype)
        waves = jnp.sqrt(2.0).astype(frequency.dtype) * jnp.sin(frequency * t) / frequency
        mean = ends @ self.ends + waves @ self.bends
        raw_scale = ends @ self.raw_scales + waves @ self.swells
        log_scale = to_log_scale(raw_scale, self.min_scale)
        return NormalMixture(jnp.zeros_like(mean)[:, None], mean[:, None], log_scale[:, None])

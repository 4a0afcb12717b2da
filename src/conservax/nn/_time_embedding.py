"""Fourier features of time, as inputs of a network."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Condition, Time


class TimeEmbedding(eqx.Module):
    """Fourier features of t, of frequencies up to `max_frequency`, then the condition.

    The highest frequency is bounded on purpose: a density that can wiggle in t between the data
    does so, and its kinetic energy blows up. One cycle per unit time is slow; raise
    `max_frequency` for data with fast cycles.
    """

    frequencies: int = eqx.field(static=True)
    max_frequency: float = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)

    @property
    def size(self) -> int:
        """Number of features."""
        return 1 + 2 * self.frequencies + self.condition_dim

    def __call__(self, t: Time, condition: Condition = None) -> Float[Array, " features"]:
        """Features of shape `(size,)` for t in [0, 1]."""
        t = jnp.asarray(t) * 1.0  # a whole number is a time too
        cycles = np.arange(1, self.frequencies + 1) / self.frequencies * self.max_frequency
        angles = 2 * np.pi * cycles.astype(t.dtype) * t
        parts = [2 * t[None] - 1, jnp.sin(angles), jnp.cos(angles)]
        return jnp.concatenate(parts if condition is None else [*parts, condition])

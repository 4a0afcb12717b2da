"""Prey and predators."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, Time, Vector
from conservax.reference._base import AbstractReference


class LotkaVolterra(AbstractReference):
    """v = (a x - b x y, c x y - d y), all rates positive and learned.

    **Arguments:**

    - `rates`: a, b, c, d to begin with.
    """

    log_rates: Float[Array, "4"]

    def __init__(self, rates: Sequence[float] = (1.0, 1.0, 1.0, 1.0)):
        self.log_rates = _log_positive(rates, 4)

    @property
    def rates(self) -> Float[Array, "4"]:
        """a, b, c, d."""
        return jnp.exp(self.log_rates)

    def __call__(self, t: Time, x: Point) -> Vector:
        """Growth of prey x[0] and of predators x[1]."""
        del t
        a, b, c, d = self.rates
        prey, predators = x
        return jnp.stack([(a - b * predators) * prey, (c * prey - d) * predators])


def _log_positive(values: Sequence[float], count: int) -> Float[Array, " count"]:
    values = jnp.asarray(values, float)
    if values.shape != (count,) or not bool(jnp.all((values > 0) & jnp.isfinite(values))):
        raise ValueError(f"expected {count} positive rates; got {values}.")
    return jnp.log(values)

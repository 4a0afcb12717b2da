"""Lotka-Volterra dynamics: prey and predators."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, Time, Vector
from conservax.reference._base import PACE, AbstractReference, paced_log


class LotkaVolterra(AbstractReference):
    """Lotka-Volterra drift (a x - b x y, c x y - d y), all rates positive and learned.

    **Arguments:**

    - `rates`: initial a, b, c, d.
    """

    paced_log_rates: Float[Array, "4"]

    def __init__(self, rates: Sequence[float] = (1.0, 1.0, 1.0, 1.0)):
        self.paced_log_rates = paced_log(rates, 4)

    @property
    def rates(self) -> Float[Array, "4"]:
        """Rates a, b, c, d."""
        return jnp.exp(PACE * self.paced_log_rates)

    def __call__(self, t: Time, x: Point) -> Vector:
        """Growth of prey x[0] and of predators x[1]."""
        del t
        a, b, c, d = self.rates
        prey, predators = x
        return jnp.stack([(a - b * predators) * prey, (c * prey - d) * predators])

"""A drift in the units of the data, converted to law units."""

import equinox as eqx
import jax.numpy as jnp

from conservax._types import Point, Time, Vector
from conservax.reference._base import AbstractReference


class Rescaled(AbstractReference):
    """`reference` of data units as a function of time in [0, 1] and standardised positions.

    **Arguments:**

    - `start`, `scale`: data time is `start + scale * t`.
    - `mean`, `std`: data positions are `mean + std * x`; fixed, never trained.
    """

    reference: AbstractReference
    start: float = eqx.field(static=True)
    scale: float = eqx.field(static=True)
    mean: tuple[float, ...] = eqx.field(static=True)
    std: tuple[float, ...] = eqx.field(static=True)

    def __call__(self, t: Time, x: Point) -> Vector:
        """The drift in standard deviations over the whole time range."""
        mean, std = jnp.asarray(self.mean, x.dtype), jnp.asarray(self.std, x.dtype)
        drift = self.reference(self.start + self.scale * t, mean + std * x)
        return drift * (self.scale / std)

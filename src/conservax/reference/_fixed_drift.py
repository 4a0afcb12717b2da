"""A known drift as a reference."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp

from conservax._types import Point, Time, Vector
from conservax.reference._base import AbstractReference


class FixedDrift(AbstractReference):
    """A fixed drift v(t, x), without parameters.

    A model with one cannot be written to a file: files hold no code.
    """

    drift: Callable[[Time, Point], Vector] = eqx.field(static=True)

    def __call__(self, t: Time, x: Point) -> Vector:
        """The drift, shape `(dim,)`.

        **Raises:** `ValueError` if its shape is not that of x.
        """
        v = jnp.asarray(self.drift(t, x))
        if v.shape != x.shape:
            raise ValueError(f"expected a reference drift of shape {x.shape}; got {v.shape}.")
        return v

"""Bijections one after the other."""

import equinox as eqx
import jax.numpy as jnp

from conservax._types import Condition, Point, Scalar, Time
from conservax.bijection._base import AbstractBijection


class Chain(AbstractBijection):
    """Bijections one after the other: the first is nearest to z, the last to x.

    **Raises:** `ValueError` for none, or for different dimensions or conditions.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    parts: tuple[AbstractBijection, ...]

    def __init__(self, *parts: AbstractBijection):
        dims = {part.dim for part in parts}
        conditions = {part.condition_dim for part in parts} - {0}
        if len(dims) != 1 or len(conditions) > 1:
            raise ValueError(
                "expected bijections of one dimension and one condition; got dimensions "
                f"{sorted(dims)} and conditions of length {sorted(conditions)}."
            )
        self.dim, self.condition_dim = dims.pop(), max(conditions, default=0)
        self.parts = parts

    def forward_and_log_det(
        self, t: Time, z: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """T(t, z), and log |det dT/dz| there."""
        total = jnp.zeros((), z.dtype)
        for part in self.parts:
            z, log_det = part.forward_and_log_det(t, z, condition if part.condition_dim else None)
            total = total + log_det
        return z, total

    def inverse_and_log_det(
        self, t: Time, x: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """The z with T(t, z) = x, and log |det dT/dz| there."""
        total = jnp.zeros((), x.dtype)
        for part in reversed(self.parts):
            x, log_det = part.inverse_and_log_det(t, x, condition if part.condition_dim else None)
            total = total + log_det
        return x, total

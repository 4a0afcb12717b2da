"""The homogeneous Landau equation: velocities of a plasma that collides with itself."""

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Point, Scalar, Vector
from conservax.equation._base import AbstractEquation, Particles


class MaxwellLandau(AbstractEquation):
    """Landau equation of Maxwell molecules.

    d_t rho = div of the integral of A(x - y) [rho(y) grad rho(x) - rho(x) grad rho(y)] dy with
    A(z) = strength (|z|^2 I - z z^T). It is a continuity equation with
    velocity = - E A(x - y) (score(x) - score(y)), y drawn from rho [carrillo2020]. Mass,
    momentum and energy stay.

    **Arguments:**

    - `strength`: > 0, per time and unit of mass.
    """

    strength: float = eqx.field(static=True, default=1 / 16)

    def __check_init__(self):
        if not 0 < self.strength < float("inf"):
            raise ValueError(f"expected a strength > 0; got {self.strength}.")

    @property
    def interacts(self) -> bool:
        """Always true."""
        return True

    def velocity(self, x: Point, log_prob: Scalar, score: Vector, others: Particles) -> Vector:
        """Velocity - E A(x - y) (score(x) - score(y))."""

        def collision(y: Point, score_y: Vector) -> Vector:
            apart, change = x - y, score - score_y
            return apart @ apart * change - apart * (apart @ change)

        return -self.strength * jnp.mean(jax.vmap(collision)(*others), axis=0)

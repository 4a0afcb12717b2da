"""Diffusion, linear or not, in a potential and among particles that attract or repel."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Point, Scalar, Vector
from conservax.equation._base import AbstractEquation, Particles


class FokkerPlanck(AbstractEquation):
    """Fokker-Planck equation d_t rho = D laplacian rho^m + div(rho (grad V + grad W * rho)).

    So velocity = - grad V - E grad W(x - y) - D m rho^(m-1) score. With diffusion alone it is the
    heat equation (m = 1) or the porous medium equation (m > 1); with V the Ornstein-Uhlenbeck
    process and others; with W aggregation, Keller-Segel or McKean-Vlasov equations.

    **Arguments:**

    - `diffusion`: D >= 0, square of a length per time; g^2 / 2 of an SDE.
    - `exponent`: m >= 1.
    - `potential`: V, a function of x, or None.
    - `interaction`: W, a function of the difference of two points, or None.
    """

    diffusion: float = eqx.field(static=True)
    exponent: float = eqx.field(static=True, default=1.0)
    potential: Callable[[Point], Scalar] | None = eqx.field(static=True, default=None)
    interaction: Callable[[Point], Scalar] | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if not self.diffusion >= 0 or not self.exponent >= 1:
            raise ValueError(
                "expected a diffusion >= 0 and an exponent >= 1; got "
                f"{self.diffusion} and {self.exponent}. Fast diffusion is not supported."
            )

    @property
    def interacts(self) -> bool:
        """Whether there is an interaction."""
        return self.interaction is not None

    def velocity(self, x: Point, log_prob: Scalar, score: Vector, others: Particles) -> Vector:
        """Velocity - grad V - E grad W(x - y) - D m rho^(m-1) score."""
        m = self.exponent
        factor = 1.0 if m == 1 else m * jnp.exp((m - 1) * log_prob)
        velocity = -self.diffusion * factor * score
        if self.potential is not None:
            velocity = velocity - jax.grad(self.potential)(x)
        if self.interaction is not None:
            pull = jax.grad(self.interaction)
            velocity = velocity - jnp.mean(jax.vmap(lambda y: pull(x - y))(others.x), axis=0)
        return velocity

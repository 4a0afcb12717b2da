"""The repressilator: genes in a ring, each of which represses the next."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, Time, Vector
from conservax.reference._base import PACE, AbstractReference, paced_log

TINY = 1e-6  # a power of zero has no gradient in the exponent


class Repressilator(AbstractReference):
    """Repressilator drift production / (1 + (x_{i-1} / threshold)^hill) - decay x_i [elowitz2000].

    i - 1 is cyclic. All four are positive, shared by the genes, and learned; the arguments are their
    initial values.
    """

    paced_log_parameters: Float[Array, "4"]

    def __init__(
        self,
        production: float = 1.0,
        threshold: float = 1.0,
        hill: float = 2.0,
        decay: float = 1.0,
    ):
        self.paced_log_parameters = paced_log((production, threshold, hill, decay), 4)

    @property
    def parameters(self) -> Float[Array, "4"]:
        """Production, threshold, Hill coefficient and decay."""
        return jnp.exp(PACE * self.paced_log_parameters)

    def __call__(self, t: Time, x: Point) -> Vector:
        """Production repressed by the gene before, less decay; concentrations below 0 repress nothing."""
        del t
        production, threshold, hill, decay = self.parameters
        before = jnp.maximum(jnp.roll(x, 1), TINY) / threshold
        return production / (1 + before**hill) - decay * x

"""An unknown stationary drift, by a network."""

import jax.numpy as jnp

from conservax._types import Point, PRNGKey, Time, Vector
from conservax.nn import DenseNetwork, soft_clip
from conservax.reference._base import AbstractReference


class NetworkDrift(AbstractReference):
    """Drift v(x) by a small network, constant in time, a function of standardised positions.

    Make it the reference of a law by itself, without `Rescaled`.

    **Arguments:**

    - `dim`: of x.
    - `width`, `depth`: of the hidden layers.
    - `key`: for the first parameters. The drift begins small.
    """

    network: DenseNetwork

    def __init__(self, dim: int, *, width: int = 64, depth: int = 2, key: PRNGKey):
        self.network = DenseNetwork(dim, width, depth, jnp.zeros(dim), readout_scale=0.1, key=key)

    def __call__(self, t: Time, x: Point) -> Vector:
        """The field at x, which far out depends on the direction alone."""
        del t
        return self.network(soft_clip(x))

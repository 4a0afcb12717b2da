"""A fluid: density, momentum and pressure."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Time
from conservax.field._domain import AbstractDomain
from conservax.field._field_network import FieldNetwork
from conservax.field._space_time import SpaceTimeField


class Fluid(eqx.Module):
    """A `SpaceTimeField` of density and momentum, with a network for the pressure.

    **Arguments:**

    - `dim`, `domain`, `key`: as in `SpaceTimeField`.
    - `background`, `initial_condition`, `relaxation_time`, `minimum_density`, `scale`: of the field
      alone; `width`, `depth`, `max_frequency` of both.
    """

    matter: SpaceTimeField
    pressure: FieldNetwork

    def __init__(
        self,
        dim: int,
        domain: AbstractDomain,
        *,
        background: float = 1.0,
        initial_condition: Callable[[Point], Float[Array, " 1+dim"]] | None = None,
        relaxation_time: float = 1.0,
        minimum_density: float = 1e-3,
        width: int = 64,
        depth: int = 3,
        scale: float = 0.1,
        max_frequency: float = 1.0,
        key: PRNGKey,
    ):
        matter_key, pressure_key = jax.random.split(key)
        self.matter = SpaceTimeField(
            dim,
            domain,
            background=background,
            initial_condition=initial_condition,
            relaxation_time=relaxation_time,
            minimum_density=minimum_density,
            width=width,
            depth=depth,
            scale=scale,
            max_frequency=max_frequency,
            key=matter_key,
        )
        self.pressure = FieldNetwork(
            domain,
            dim,
            1,
            width=width,
            depth=depth,
            max_frequency=max_frequency,
            key=pressure_key,
        )

    def __call__(self, t: Time, x: Point) -> Float[Array, " 2+dim"]:
        """Density, momentum, pressure (rho, rho u, p), shape `(2 + dim,)`; p is known up to a function of t."""
        return jnp.append(self.matter(t, x), self.pressure(t, x, None))

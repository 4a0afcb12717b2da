"""Fluids that are asked to conserve mass, beside one that cannot do otherwise."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Time
from conservax.flux import AbstractDomain, FieldNetwork, MatrixField


class PlainFluid(eqx.Module):
    """A network for (rho, u, p): nothing holds but what the loss asks for, as in a PINN.

    **Arguments:** those of `Fluid` of the same names.
    """

    network: FieldNetwork
    background: Float[Array, ""]

    def __init__(
        self,
        dim: int,
        domain: AbstractDomain,
        *,
        background: float,
        width: int,
        depth: int,
        max_frequency: float,
        key: PRNGKey,
    ):
        self.background = jnp.asarray(background, float)
        self.network = FieldNetwork(domain, dim, 2 + dim, width, depth, 0, max_frequency, 0.3, key)

    def __call__(self, t: Time, x: Point) -> Float[Array, " 2+dim"]:
        """(rho, rho u, p), shape `(2 + dim,)`."""
        values = self.network(t, x, None)
        rho = self.background + values[0]
        return jnp.concatenate([rho[None], rho * values[1:-1], values[-1:]])


class CurlFluid(eqx.Module):
    """A divergence-free u, and a network for (rho, p): volume is kept, mass is not.

    **Arguments:** those of `Fluid` of the same names.
    """

    velocity: MatrixField
    network: FieldNetwork
    background: Float[Array, ""]

    def __init__(
        self,
        dim: int,
        domain: AbstractDomain,
        *,
        background: float,
        width: int,
        depth: int,
        max_frequency: float,
        key: PRNGKey,
    ):
        velocity_key, key = jax.random.split(key)
        self.background = jnp.asarray(background, float)
        self.velocity = MatrixField(
            dim,
            domain=domain,
            width=width,
            depth=depth,
            max_frequency=max_frequency,
            key=velocity_key,
        )
        self.network = FieldNetwork(domain, dim, 2, width, depth, 0, max_frequency, 0.3, key)

    def __call__(self, t: Time, x: Point) -> Float[Array, " 2+dim"]:
        """(rho, rho u, p), shape `(2 + dim,)`."""
        change, pressure = self.network(t, x, None)
        rho = self.background + change
        return jnp.concatenate([rho[None], rho * self.velocity(t, x), pressure[None]])

"""Fluids that conserve mass by the loss alone, to compare with one that does by construction."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax.field import AbstractDomain, FieldNetwork, MatrixField


class Beginning(eqx.Module):
    """What a network is added to: a background at rest, or an initial condition that is held exactly."""

    background: Float[Array, ""]
    initial_condition: Callable | None = eqx.field(static=True)
    relaxation_time: float = eqx.field(static=True)

    def __init__(
        self, background: float, initial_condition: Callable | None, relaxation_time: float
    ):
        self.background = jnp.asarray(background, float)
        self.initial_condition, self.relaxation_time = initial_condition, relaxation_time

    def __call__(
        self, t: Float[Array, ""], x: Float[Array, " dim"], change: Float[Array, " 1+dim"]
    ) -> Float[Array, " 1+dim"]:
        """(rho, rho u) for a change of (rho, u)."""
        if self.initial_condition is None:
            rho, u = self.background + change[0], change[1:]
        else:
            begun = self.initial_condition(x)
            change = -jnp.expm1(-t / self.relaxation_time) * change
            rho, u = begun[0] + change[0], begun[1:] / begun[0] + change[1:]
        return jnp.append(rho, rho * u)


class PlainFluid(eqx.Module):
    """A network for (rho, u, p): nothing holds by construction, as in a PINN.

    **Arguments:** those of `Fluid` of the same names.
    """

    network: FieldNetwork
    beginning: Beginning

    def __init__(
        self,
        dim: int,
        domain: AbstractDomain,
        *,
        background: float,
        initial_condition: Callable | None = None,
        relaxation_time: float = 1.0,
        width: int,
        depth: int,
        max_frequency: float,
        key: Array,
    ):
        self.beginning = Beginning(background, initial_condition, relaxation_time)
        self.network = FieldNetwork(
            domain,
            dim,
            2 + dim,
            width=width,
            depth=depth,
            condition_dim=0,
            max_frequency=max_frequency,
            scale=0.3,
            key=key,
        )

    def __call__(self, t: Float[Array, ""], x: Float[Array, " dim"]) -> Float[Array, " 2+dim"]:
        """(rho, rho u, p), shape `(2 + dim,)`."""
        values = self.network(t, x, None)
        return jnp.append(self.beginning(t, x, values[:-1]), values[-1])


class CurlFluid(eqx.Module):
    """A divergence-free u, and a network for (rho, p): volume is kept, mass is not.

    **Arguments:** those of `Fluid` of the same names; the velocity of an initial condition has no divergence.
    """

    velocity: MatrixField
    network: FieldNetwork
    beginning: Beginning

    def __init__(
        self,
        dim: int,
        domain: AbstractDomain,
        *,
        background: float,
        initial_condition: Callable | None = None,
        relaxation_time: float = 1.0,
        width: int,
        depth: int,
        max_frequency: float,
        key: Array,
    ):
        velocity_key, key = jax.random.split(key)
        self.beginning = Beginning(background, initial_condition, relaxation_time)
        self.velocity = MatrixField(
            dim,
            domain=domain,
            width=width,
            depth=depth,
            max_frequency=max_frequency,
            key=velocity_key,
        )
        self.network = FieldNetwork(
            domain,
            dim,
            2,
            width=width,
            depth=depth,
            condition_dim=0,
            max_frequency=max_frequency,
            scale=0.3,
            key=key,
        )

    def __call__(self, t: Float[Array, ""], x: Float[Array, " dim"]) -> Float[Array, " 2+dim"]:
        """(rho, rho u, p), shape `(2 + dim,)`."""
        change, pressure = self.network(t, x, None)
        moved = self.beginning(t, x, jnp.append(change, self.velocity(t, x)))
        return jnp.append(moved, pressure)

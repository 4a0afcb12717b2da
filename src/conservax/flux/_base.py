"""Interfaces of fluxes: vector fields j with d_t rho + div j = 0 for an explicit density."""

import abc
from typing import TYPE_CHECKING, TypeVar

import equinox as eqx
import jax.numpy as jnp

from conservax._types import Condition, Point, Scalar, Time, Vector
from conservax.density import AbstractDensity

if TYPE_CHECKING:
    from typing import ClassVar as AbstractClassVar
else:
    from equinox import AbstractClassVar

Kind = TypeVar("Kind", bound=AbstractDensity)


class AbstractFlux(eqx.Module):
    """A flux: how a density moves. It holds no density, but takes one as an argument.

    `needs` is the kind of density it is made for.
    """

    needs: AbstractClassVar[type[AbstractDensity]]

    @abc.abstractmethod
    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Velocity j_t(x) / rho_t(x), shape `(dim,)`, units of x per unit time."""

    @abc.abstractmethod
    def flux(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Flux j_t(x), shape `(dim,)`."""


class AbstractFlowMapFlux(AbstractFlux):
    """A flux whose particles keep coordinates: their conditional CDF values F(t, x), or a point of a base.

    So they can be pushed forward over any time span at once, without an ODE, and the derivative in t of a
    draw at a fixed random key (a reparameterisation, explicit or implicit) is the velocity there.
    """

    def flux(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Flux, rho times velocity, shape `(dim,)`."""
        return times_density(density, self.velocity(density, t, x, condition), t, x, condition)

    @abc.abstractmethod
    def flow_map(
        self, density: AbstractDensity, s: Time, t: Time, x: Point, condition: Condition = None
    ) -> Point:
        """Push forward of a particle at x from time s to time t, shape `(dim,)`."""


class AbstractGrowthFlux(AbstractFlux):
    """A flux with births and deaths besides movement: d_t (m rho) + div (m j) = r m rho."""

    @abc.abstractmethod
    def grows(self, density: AbstractDensity) -> bool:
        """Whether there are births and deaths in this density."""

    @abc.abstractmethod
    def growth(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Scalar:
        """Growth rate r_t(x), births less deaths per unit time, shape `()`."""

    @abc.abstractmethod
    def log_mass(self, density: AbstractDensity, t: Time) -> Scalar:
        """Log of the total mass m, 0 at t = 0, shape `()`."""


def times_density(
    density: AbstractDensity, velocity: Vector, t: Time, x: Point, condition: Condition
) -> Vector:
    """rho * velocity, for velocities that stay finite."""
    return jnp.exp(density.log_prob(t, x, condition)) * velocity


def require(density: AbstractDensity, kind: type[Kind], flux: AbstractFlux) -> Kind:
    """The density as the kind that the flux is made for, or `TypeError`."""
    if not isinstance(density, kind):
        raise TypeError(
            f"expected a density of the kind {kind.__name__} with {type(flux).__name__}; "
            f"got {type(density).__name__}. Use another flux, or another density."
        )
    return density

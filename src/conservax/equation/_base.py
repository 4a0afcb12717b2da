"""Interface of equations: the velocity of a particle, given the density."""

import abc
from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Float

from conservax._types import Point, Scalar, Vector


class Particles(NamedTuple):
    """Draws from a density at one time, and its score at each of them."""

    x: Float[Array, "particles dim"]
    score: Float[Array, "particles dim"]


class AbstractEquation(eqx.Module):
    """An equation d_t rho + div(rho velocity) = 0 with a velocity that depends on rho itself.

    `interacts` says whether it depends on rho elsewhere: that part is a mean over particles, to
    be unbiased in them.
    """

    @property
    @abc.abstractmethod
    def interacts(self) -> bool:
        """Whether `velocity` depends on the other particles."""

    @abc.abstractmethod
    def velocity(self, x: Point, log_prob: Scalar, score: Vector, others: Particles) -> Vector:
        """Velocity at x, shape `(dim,)`, units of x per unit time.

        `log_prob` and `score` are those of rho at x, and `others` are drawn from rho.
        """

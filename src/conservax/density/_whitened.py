"""A density in coordinates that are whitened anew at every time."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Condition, Point, PyTree, Scalar, Time
from conservax.bijection import InterpolatedAffine
from conservax.density._base import AbstractAutoregressiveDensity
from conservax.univariate import AbstractConditional


class WhitenedState(NamedTuple):
    """A point known up to some coordinate, and the map from whitened coordinates at t."""

    inner: PyTree
    centre: Float[Array, " dim"]
    factor: Float[Array, "dim dim"]
    z: Float[Array, " dim"]  # zeros stand for what is not known yet


class Whitened(AbstractAutoregressiveDensity):
    """Density of x = m(t) + L(t) z for an explicit density of z: exact, with the Jacobian.

    L is lower triangular, so conditionals of x are those of z, shifted and scaled, and the
    Knothe-Rosenblatt flux of a z that rests pushes one normal forward to the next along straight lines.
    m and L run linearly between the knots and rest outside them. They are fixed, not trained: of
    snapshots that are far apart, or of unlike widths, only the shape is learned.

    **Arguments:**

    - `density`: of z, of the same dimension.
    - `knots`: rising times, shape `(knots,)`.
    - `centre`: m at the knots, shape `(knots, dim)`.
    - `factor`: L at the knots, shape `(knots, dim, dim)`, with a positive diagonal.

    **Raises:** `ValueError` for other shapes, knots that do not rise, or a diagonal that is not positive.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    density: AbstractAutoregressiveDensity
    map: InterpolatedAffine

    def __init__(
        self,
        density: AbstractAutoregressiveDensity,
        knots: ArrayLike,
        centre: ArrayLike,
        factor: ArrayLike,
    ):
        self.density, self.map = density, InterpolatedAffine(knots, centre, factor)
        self.dim, self.condition_dim = density.dim, density.condition_dim
        if self.map.dim != self.dim:
            raise ValueError(
                f"expected a centre of {self.dim} dimensions, as the density; got {self.map.dim}."
            )

    def start(self, t: Time, condition: Condition = None) -> WhitenedState:
        """The state before any coordinate is known."""
        centre, factor = self.map.at(t)
        return WhitenedState(
            self.density.start(t, condition), centre, factor, jnp.zeros_like(centre)
        )

    def conditional(self, state: WhitenedState, i) -> tuple[AbstractConditional, WhitenedState]:
        """The conditional of z, shifted and scaled."""
        conditional, inner = self.density.conditional(state.inner, i)
        shift, scale = _shift_and_scale(state, i)
        return conditional.affine(shift, scale), state._replace(inner=inner)

    def extend(self, state: WhitenedState, i, x_i: Scalar) -> WhitenedState:
        """The state once x_i, and with it z_i, is known."""
        shift, scale = _shift_and_scale(state, i)
        z_i = (x_i - shift) / scale
        inner = self.density.extend(state.inner, i, z_i)
        return state._replace(inner=inner, z=state.z.at[i].set(z_i))

    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> AbstractConditional:
        """All conditionals of a known point."""
        centre, factor = self.map.at(t)
        z = solve_triangular(factor, x - centre, lower=True)
        scale = jnp.diagonal(factor)
        shift = centre + factor @ z - scale * z
        return self.density.conditionals(t, z, condition).affine(shift, scale)


def _shift_and_scale(state: WhitenedState, i) -> tuple[Scalar, Scalar]:
    """Shift and scale from z_i to x_i."""
    return state.centre[i] + state.factor[i] @ state.z.at[i].set(0.0), state.factor[i, i]

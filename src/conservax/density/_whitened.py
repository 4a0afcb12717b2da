"""A density in coordinates that are whitened anew at every time."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Condition, Point, PyTree, Scalar, Time
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
    knots: Float[Array, " knots"]
    centre: Float[Array, "knots dim"]
    factor: Float[Array, "knots dim dim"]

    def __init__(
        self,
        density: AbstractAutoregressiveDensity,
        knots: ArrayLike,
        centre: ArrayLike,
        factor: ArrayLike,
    ):
        knots, centre, factor = (np.asarray(part, float) for part in (knots, centre, factor))
        count, dim = len(knots), density.dim
        if centre.shape != (count, dim) or factor.shape != (count, dim, dim):
            raise ValueError(
                f"expected a centre of shape {(count, dim)} and a factor of shape "
                f"{(count, dim, dim)}; got {centre.shape} and {factor.shape}."
            )
        if count < 1 or not np.all(np.diff(knots) > 0):
            raise ValueError(f"expected at least one knot, and knots that rise; got {knots}.")
        if not np.all(np.diagonal(factor, axis1=1, axis2=2) > 0):
            raise ValueError("expected factors with a positive diagonal. Use Cholesky factors.")
        self.dim, self.condition_dim = dim, density.condition_dim
        self.density = density
        dtype = jnp.zeros(()).dtype
        self.knots, self.centre = jnp.asarray(knots, dtype), jnp.asarray(centre, dtype)
        self.factor = jnp.asarray(np.tril(factor), dtype)

    def start(self, t: Time, condition: Condition = None) -> WhitenedState:
        """The state before any coordinate is known."""
        centre, factor = self._at(t)
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
        centre, factor = self._at(t)
        z = solve_triangular(factor, x - centre, lower=True)
        scale = jnp.diagonal(factor)
        shift = centre + factor @ z - scale * z
        return self.density.conditionals(t, z, condition).affine(shift, scale)

    def _at(self, t: Time) -> tuple[Float[Array, " dim"], Float[Array, "dim dim"]]:
        """m and L at a time."""
        knots, centre, factor = jax.lax.stop_gradient((self.knots, self.centre, self.factor))
        if len(knots) == 1:
            return centre[0], factor[0]
        last = jnp.clip(jnp.searchsorted(knots, t, side="right") - 1, 0, len(knots) - 2)
        fraction = jnp.clip((t - knots[last]) / (knots[last + 1] - knots[last]), 0.0, 1.0)
        between = lambda values: (1 - fraction) * values[last] + fraction * values[last + 1]  # noqa: E731
        return between(centre), between(factor)


def _shift_and_scale(state: WhitenedState, i) -> tuple[Scalar, Scalar]:
    """Shift and scale from z_i to x_i."""
    return state.centre[i] + state.factor[i] @ state.z.at[i].set(0.0), state.factor[i, i]

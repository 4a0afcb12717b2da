"""An affine map that is given at knots in time, and fixed."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Condition, Point, Scalar, Time
from conservax.bijection._base import AbstractBijection


class InterpolatedAffine(AbstractBijection):
    """x = m(t) + L(t) z with L lower triangular; both run linearly between knots and rest outside.

    They are fixed, not trained: what is pushed through it need only learn the shape of snapshots that
    are far apart, or of unlike widths.

    **Arguments:**

    - `knots`: rising times, shape `(knots,)`.
    - `centre`: m at the knots, shape `(knots, dim)`.
    - `factor`: L at the knots, shape `(knots, dim, dim)`, with a positive diagonal.

    **Raises:** `ValueError` for other shapes, knots that do not rise, or a diagonal that is not positive.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    knots: Float[Array, " knots"]
    centre: Float[Array, "knots dim"]
    factor: Float[Array, "knots dim dim"]

    def __init__(self, knots: ArrayLike, centre: ArrayLike, factor: ArrayLike):
        knots, centre, factor = (np.asarray(part, float) for part in (knots, centre, factor))
        knots = np.atleast_1d(knots)
        dim = centre.shape[-1] if centre.ndim == 2 else 0
        if centre.shape != (len(knots), dim) or factor.shape != (len(knots), dim, dim):
            raise ValueError(
                "expected a centre of shape (knots, dim) and a factor of shape (knots, dim, dim) for "
                f"{len(knots)} knots; got {centre.shape} and {factor.shape}."
            )
        if len(knots) < 1 or not np.all(np.diff(knots) > 0):
            raise ValueError(f"expected at least one knot, and knots that rise; got {knots}.")
        if not np.all(np.diagonal(factor, axis1=1, axis2=2) > 0):
            raise ValueError("expected factors with a positive diagonal. Use Cholesky factors.")
        self.dim, self.condition_dim = dim, 0
        dtype = jnp.zeros(()).dtype
        self.knots, self.centre = jnp.asarray(knots, dtype), jnp.asarray(centre, dtype)
        self.factor = jnp.asarray(np.tril(factor), dtype)

    def at(self, t: Time) -> tuple[Float[Array, " dim"], Float[Array, "dim dim"]]:
        """m and L at a time."""
        knots, centre, factor = jax.lax.stop_gradient((self.knots, self.centre, self.factor))
        if len(knots) == 1:
            return centre[0], factor[0]
        last = jnp.clip(jnp.searchsorted(knots, t, side="right") - 1, 0, len(knots) - 2)
        fraction = (t - knots[last]) / (knots[last + 1] - knots[last])
        # A clip alone would halve the velocity at knots.
        within = (t >= knots[0]) & (t <= knots[-1])
        fraction = jnp.where(within, fraction, jnp.clip(fraction, 0.0, 1.0))
        between = lambda values: (1 - fraction) * values[last] + fraction * values[last + 1]  # noqa: E731
        return between(centre), between(factor)

    def forward_and_log_det(
        self, t: Time, z: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """m(t) + L(t) z, and log det L(t)."""
        centre, factor = self.at(t)
        return centre + factor @ z, jnp.sum(jnp.log(jnp.diagonal(factor)))

    def inverse_and_log_det(
        self, t: Time, x: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """L(t)^-1 (x - m(t)), and log det L(t)."""
        centre, factor = self.at(t)
        z = solve_triangular(factor, x - centre, lower=True)
        return z, jnp.sum(jnp.log(jnp.diagonal(factor)))

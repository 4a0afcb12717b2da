"""The Gaussian with explicit mean and scale functions of time: the oracle of the tests."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PyTree, Scalar, Time, Vector
from conservax.density._base import AbstractAutoregressiveDensity
from conservax.univariate import NormalMixture


class Gaussian(AbstractAutoregressiveDensity):
    """Gaussian density N(mean(t), L(t) L(t)^T), in closed form.

    **Arguments:**

    - `dim`: dimension of x.
    - `mean`: t -> shape `(dim,)`.
    - `scale`: t -> standard deviations, shape `(dim,)`, or the lower Cholesky factor L, shape
      `(dim, dim)`.

    With `condition_dim > 0` both are called as `mean(t, condition)`.
    """

    dim: int = eqx.field(static=True)
    mean: Callable[..., Vector]
    scale: Callable[..., Float[Array, "dim *dim"]]
    condition_dim: int = eqx.field(static=True, default=0)

    def _moments(self, t: Time, condition: Condition) -> tuple[Vector, Float[Array, "dim dim"]]:
        arguments = (t,) if condition is None else (t, condition)
        dtype = (jnp.asarray(t) * 1.0).dtype  # a whole number is a time too
        mean = jnp.asarray(self.mean(*arguments), dtype)
        scale = jnp.asarray(self.scale(*arguments), dtype)
        return mean, jnp.diag(scale) if scale.ndim == 1 else scale

    def start(self, t: Time, condition: Condition = None) -> PyTree:
        """Moments, and the standard normal coordinates known so far: none."""
        mean, factor = self._moments(t, condition)
        return mean, factor, jnp.zeros_like(mean)

    def conditional(self, state: PyTree, i) -> tuple[NormalMixture, PyTree]:
        """N(mean_i + sum_{j<i} L_ij z_j, L_ii^2)."""
        mean, factor, z = state
        centre = mean[i] + factor[i] @ z
        zero = jnp.zeros((1,), mean.dtype)
        return NormalMixture(zero, centre[None], jnp.log(factor[i, i])[None]), state

    def extend(self, state: PyTree, i, x_i: Scalar) -> PyTree:
        """The state once x_i, and with it z_i, is known."""
        mean, factor, z = state
        return mean, factor, z.at[i].set((x_i - mean[i] - factor[i] @ z) / factor[i, i])

    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> NormalMixture:
        """All conditionals of x, by one triangular solve."""
        mean, factor = self._moments(t, condition)
        z = jax.scipy.linalg.solve_triangular(factor, x - mean, lower=True)
        scale = jnp.diagonal(factor)
        centre = x - scale * z
        return NormalMixture(
            jnp.zeros((self.dim, 1), mean.dtype), centre[:, None], jnp.log(scale)[:, None]
        )

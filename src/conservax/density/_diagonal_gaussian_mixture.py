"""A mixture of Gaussians that rests: the base of a push-forward."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Condition, Point, PRNGKey, Scalar, Time
from conservax.density._base import AbstractDensity, check_condition, check_point


class DiagonalGaussianMixture(AbstractDensity):
    """Mixture of Gaussians of diagonal covariance, which does not depend on time.

    Weights are not learned, so that draws are differentiable in all that is: a draw moves
    with its component. A location that needs more mass takes more components.

    **Arguments:**

    - `centre`, `scale`: of the components, shape `(components, dim)`, where training begins.
    - `weights`: of the components, equal by default.
    - `fixed`: whether nothing of it is trained.

    **Raises:** `ValueError` for other shapes, or scales or weights that are not positive.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    centre: Float[Array, "components dim"]
    log_scale: Float[Array, "components dim"]
    log_weights: Float[Array, " components"]
    fixed: bool = eqx.field(static=True)

    def __init__(
        self,
        centre: ArrayLike,
        scale: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        fixed: bool = False,
    ):
        self.centre, scale = jnp.asarray(centre, float), jnp.asarray(scale, float)
        if self.centre.ndim != 2 or scale.shape != self.centre.shape or not self.centre.size:
            raise ValueError(
                "expected centre and scale of one shape (components, dim), both at least 1; got "
                f"{self.centre.shape} and {scale.shape}."
            )
        if not bool(jnp.all(scale > 0)):
            raise ValueError(f"expected scales above 0; got {float(jnp.min(scale))} among them.")
        weights = jnp.ones(len(scale)) if weights is None else jnp.asarray(weights, float)
        if weights.shape != (len(scale),) or not bool(jnp.all(weights > 0)):
            raise ValueError(
                f"expected {len(scale)} weights above 0, one for each component; got {weights}."
            )
        self.log_scale, self.log_weights = jnp.log(scale), jnp.log(weights)
        self.fixed = fixed
        self.dim, self.condition_dim = self.centre.shape[1], 0

    def log_prob(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """Log density, nats, the same at every time."""
        check_point(self, x, condition)
        centre, log_scale, log_weights = self._parameters()
        z = (x[None] - centre) * jnp.exp(-log_scale)
        each = -0.5 * jnp.sum(z * z + math.log(2 * math.pi), axis=1) - jnp.sum(log_scale, axis=1)
        return jax.nn.logsumexp(each + log_weights)

    def sample(self, key: PRNGKey, t: Time, condition: Condition = None) -> Point:
        """One exact draw, the same at every time."""
        check_condition(self, condition)
        centre, log_scale, log_weights = self._parameters()
        which, noise = jax.random.split(key)
        k = jax.random.categorical(which, log_weights)
        normal = jax.random.normal(noise, (self.dim,), jnp.result_type(t, centre))
        return centre[k] + jnp.exp(log_scale[k]) * normal

    def _parameters(self) -> tuple[Array, Array, Array]:
        """Centres, log scales and log weights, those that are not trained without gradient."""
        still = jax.lax.stop_gradient
        log_weights = still(jax.nn.log_softmax(self.log_weights))
        if self.fixed:
            return still(self.centre), still(self.log_scale), log_weights
        return self.centre, self.log_scale, log_weights

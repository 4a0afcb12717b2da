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
    """Mixture of Gaussians of diagonal covariance with equal weights, which does not depend on time.

    Equal weights, which are not learned, make draws differentiable in all that is: a draw moves
    with its component. A location that needs more mass takes more components.

    **Arguments:**

    - `centre`, `scale`: of the components, shape `(components, dim)`, where training begins.

    **Raises:** `ValueError` for other shapes, or scales that are not positive.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    centre: Float[Array, "components dim"]
    log_scale: Float[Array, "components dim"]

    def __init__(self, centre: ArrayLike, scale: ArrayLike):
        self.centre, scale = jnp.asarray(centre, float), jnp.asarray(scale, float)
        if self.centre.ndim != 2 or scale.shape != self.centre.shape or not self.centre.size:
            raise ValueError(
                "expected centre and scale of one shape (components, dim), both at least 1; got "
                f"{self.centre.shape} and {scale.shape}."
            )
        if not bool(jnp.all(scale > 0)):
            raise ValueError(f"expected scales above 0; got {float(jnp.min(scale))} among them.")
        self.log_scale = jnp.log(scale)
        self.dim, self.condition_dim = self.centre.shape[1], 0

    def log_prob(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """Log density, nats, the same at every time."""
        check_point(self, x, condition)
        z = (x[None] - self.centre) * jnp.exp(-self.log_scale)
        each = -0.5 * jnp.sum(z * z + math.log(2 * math.pi), axis=1) - jnp.sum(
            self.log_scale, axis=1
        )
        return jax.nn.logsumexp(each) - math.log(len(self.centre))

    def sample(self, key: PRNGKey, t: Time, condition: Condition = None) -> Point:
        """One exact draw, the same at every time."""
        check_condition(self, condition)
        which, noise = jax.random.split(key)
        k = jax.random.randint(which, (), 0, len(self.centre))
        normal = jax.random.normal(noise, (self.dim,), jnp.result_type(t, self.centre))
        return self.centre[k] + jnp.exp(self.log_scale[k]) * normal

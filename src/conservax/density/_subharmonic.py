"""The density that is the Laplacian of a subharmonic function in the plane."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PRNGKey, Scalar, Time, Vector
from conservax.density._base import AbstractDensity, check_condition, check_point
from conservax.nn import DenseNetwork, TimeEmbedding


class Subharmonic(AbstractDensity):
    """Subharmonic density: laplacian of sum_k w_k phi(a_k x + b_k) [richterpowell2022, (16), (17)].

    phi(z) = (log |z|^2 + E_1(|z|^2 / 2)) / (4 pi) has the standard normal density as its
    Laplacian. (The paper prints E_1(|z|^2 / 4), which has another.) So rho is a mixture of round
    normals of weights w_k, and mass may go from one to another, by the `SubharmonicFlux`.

    **Arguments:**

    - `dim`: 2, the only dimension that phi is for.
    - `components`: how many normals.
    - `width`, `depth`: hidden units per layer and hidden layers of the network of t.
    - `frequencies`, `max_frequency`: as in `Autoregressive`.
    - `condition_dim`: length of the optional condition vector, 0 for none.
    - `key`: a key from `jax.random.key`.

    **Raises:** `ValueError` for another dimension.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    embedding: TimeEmbedding
    network: DenseNetwork

    def __init__(
        self,
        dim: int = 2,
        *,
        components: int = 64,
        width: int = 96,
        depth: int = 3,
        frequencies: int = 4,
        max_frequency: float = 1.0,
        condition_dim: int = 0,
        key: PRNGKey,
    ):
        if dim != 2:
            raise ValueError(f"expected dim = 2; got {dim}. Use conservax.density.Autoregressive.")
        if min(components, width, depth) < 1:
            raise ValueError(
                "expected components, width and depth of at least 1; got "
                f"{components}, {width} and {depth}."
            )
        self.dim, self.condition_dim = dim, condition_dim
        self.embedding = TimeEmbedding(frequencies, max_frequency, condition_dim)
        centre_key, network_key = jax.random.split(key)
        start = jnp.concatenate(
            [
                jnp.zeros(components),
                jnp.full(components, np.log(2.0)),
                jax.random.normal(centre_key, (2 * components,)),
            ]
        )
        self.network = DenseNetwork(self.embedding.size, width, depth, start, key=network_key)

    def parts(
        self, t: Time, condition: Condition = None
    ) -> tuple[Float[Array, " k"], Float[Array, " k"], Float[Array, "k dim"]]:
        """Parameters log w_k, log a_k and the centres -b_k / a_k, shapes `(k,)`, `(k,)` and `(k, dim)`."""
        check_condition(self, condition)
        outputs = self.network(self.embedding(t, condition))
        logits, log_scale, centres = jnp.split(outputs, [outputs.size // 4, outputs.size // 2])
        return jax.nn.log_softmax(logits), log_scale, centres.reshape(-1, 2)

    def log_prob(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """Log density of the mixture of normals, nats."""
        check_point(self, x, condition)
        log_weights, log_scale, centres = self.parts(t, condition)
        square = jnp.sum((x[None] - centres) ** 2, axis=1)
        each = 2 * log_scale - 0.5 * jnp.exp(2 * log_scale) * square - float(np.log(2 * np.pi))
        return jax.nn.logsumexp(log_weights + each)

    def sample(self, key: PRNGKey, t: Time, condition: Condition = None) -> Point:
        """One draw from a component chosen at random; the choice has no gradient."""
        log_weights, log_scale, centres = self.parts(t, condition)
        pick_key, draw_key = jax.random.split(key)
        chosen = jax.random.categorical(pick_key, log_weights)
        noise = jax.random.normal(draw_key, (2,), centres.dtype)
        return centres[chosen] + jnp.exp(-log_scale[chosen]) * noise

    def potential(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """The subharmonic function whose Laplacian is rho, shape `()`."""
        log_weights, log_scale, centres = self.parts(t, condition)
        z = jnp.exp(log_scale)[:, None] * (x[None] - centres)
        half = 0.5 * jnp.sum(z**2, axis=1)
        return jnp.exp(log_weights) @ (_log_plus_exp1(half) + float(np.log(2.0))) / (4 * np.pi)

    def slope(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """The gradient of `potential`, shape `(dim,)`, in a form that is smooth everywhere."""
        log_weights, log_scale, centres = self.parts(t, condition)
        apart = x[None] - centres
        half = 0.5 * jnp.exp(2 * log_scale) * jnp.sum(apart**2, axis=1)
        # w a^2 (1 - exp(-s)) / s (x - centre) / 4 pi, s = a^2 |x - centre|^2 / 2
        size = jnp.exp(log_weights + 2 * log_scale) * _fraction_within(half) / (4 * np.pi)
        return size @ apart


def _log_plus_exp1(s: Float[Array, " k"]) -> Float[Array, " k"]:
    """log s + E_1(s): from its power series near 0, where both are infinite."""
    near = s < 1e-2
    s, safe = jnp.where(near, s, 0.0), jnp.where(near, 1.0, s)
    series = -np.euler_gamma + s * (1 - s / 4 * (1 - 2 * s / 9 * (1 - 3 * s / 16)))
    return jnp.where(near, series, jnp.log(safe) + jax.scipy.special.exp1(safe))


def _fraction_within(s: Float[Array, " k"]) -> Float[Array, " k"]:
    """(1 - exp(-s)) / s: from its power series near 0, so that derivatives are exact there too."""
    near = s < 1e-2
    s, safe = jnp.where(near, s, 0.0), jnp.where(near, 1.0, s)
    series = 1 - s / 2 * (1 - s / 3 * (1 - s / 4 * (1 - s / 5 * (1 - s / 6))))
    return jnp.where(near, series, -jnp.expm1(-safe) / safe)

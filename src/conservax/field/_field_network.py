"""The network behind a divergence-free field: smooth, small at first, on the features of its domain."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PRNGKey, Time
from conservax.field._domain import AbstractDomain, check_domain
from conservax.nn import DenseNetwork, TimeEmbedding


class FieldNetwork(eqx.Module):
    """A network of (t, x, condition), linear in `basis`: the last hidden units, and a one.

    **Arguments:**

    - `domain`, `dim`: where x lives.
    - `outputs`: length of the result.
    - `width`, `depth`: of the network.
    - `condition_dim`: length of the condition, 0 for none.
    - `max_frequency`: fastest cycle in time, in cycles over unit time.
    - `scale`: of the last layer to begin with, over that of usual weights.
    """

    embedding: TimeEmbedding
    network: DenseNetwork
    domain: AbstractDomain

    def __init__(
        self,
        domain: AbstractDomain,
        dim: int,
        outputs: int,
        *,
        width: int,
        depth: int,
        condition_dim: int = 0,
        max_frequency: float = 1.0,
        scale: float = 0.1,
        key: PRNGKey,
    ):
        check_domain(domain)
        self.domain = domain
        self.embedding = TimeEmbedding(4, max_frequency, condition_dim)
        self.network = DenseNetwork(
            domain.feature_count(dim) + self.embedding.size,
            width,
            depth,
            jnp.zeros(outputs),
            readout_scale=scale,
            key=key,
        )

    def basis(self, t: Time, x: Point, condition: Condition) -> Float[Array, " units"]:
        """Hidden units and a one, shape `(width + 1,)`."""
        features = self.embedding(jnp.asarray(t, x.dtype), condition)
        hidden = self.network.hidden(jnp.concatenate([features, self.domain.features(x)]))
        return jnp.append(hidden, jnp.ones(1, hidden.dtype))

    @property
    def coefficients(self) -> Float[Array, "outputs units"]:
        """Coefficients of the outputs in the basis."""
        return jnp.column_stack([self.network.weights[-1], self.network.biases[-1]])

    def __call__(self, t: Time, x: Point, condition: Condition) -> Float[Array, " outputs"]:
        """Outputs at one point and time."""
        return self.coefficients @ self.basis(t, x, condition)

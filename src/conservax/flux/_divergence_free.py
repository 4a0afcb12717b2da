"""Fields without divergence: they move particles and leave the density alone.

The row divergence of an antisymmetric matrix field A has no divergence. Two ways to A: a network
for its entries [richterpowell2022, (4)], or the antisymmetric part of the Jacobian of a vector
field (7). With the *density envelope*, rho A stands for A: the field is divergence-free all the
same, and its velocity, div A + A score, stays bounded where the density vanishes. Without it the
velocity div A / rho brings the spurious flux back.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PRNGKey, Time, Vector
from conservax.density import AbstractDensity
from conservax.density._dense_network import DenseNetwork
from conservax.density._point_features import squash
from conservax.density._time_embedding import TimeEmbedding


class AbstractDivergenceFree(eqx.Module):
    """A divergence-free part v of the flux [hua2025, (28)-(30)]."""

    envelope: eqx.AbstractVar[bool]

    @abc.abstractmethod
    def matrix(self, t: Time, x: Point, condition: Condition = None) -> Float[Array, "dim dim"]:
        """The antisymmetric matrix A(t, x)."""

    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """v / rho, shape `(dim,)`."""
        divergence = self._row_divergence(t, x, condition)
        if self.envelope:
            score = jax.grad(density.log_prob, argnums=1)(t, x, condition)
            return divergence + self.matrix(t, x, condition) @ score
        return divergence * jnp.exp(-density.log_prob(t, x, condition))

    def flux(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """v, shape `(dim,)`."""
        if self.envelope:
            rho = jnp.exp(density.log_prob(t, x, condition))
            return rho * self.velocity(density, t, x, condition)
        return self._row_divergence(t, x, condition)

    def _row_divergence(self, t: Time, x: Point, condition: Condition) -> Vector:
        """sum_j d_j A_ij: column j is differentiated along coordinate j only."""

        def column(direction):
            derivative = jax.jvp(lambda x: self.matrix(t, x, condition), (x,), (direction,))[1]
            return derivative @ direction

        return jnp.sum(jax.vmap(column)(jnp.eye(x.shape[0], dtype=x.dtype)), axis=0)


class FieldNetwork(eqx.Module):
    """A smooth network of (t, x, condition), small to begin with."""

    embedding: TimeEmbedding
    network: DenseNetwork

    def __init__(self, dim, outputs, width, depth, condition_dim, max_frequency, key):
        self.embedding = TimeEmbedding(4, max_frequency, condition_dim)
        self.network = DenseNetwork(
            dim + self.embedding.size,
            width,
            depth,
            jnp.zeros(outputs),
            readout_scale=0.1,
            key=key,
        )

    def __call__(self, t: Time, x: Point, condition: Condition) -> Float[Array, " outputs"]:
        """Outputs at one point and time."""
        features = self.embedding(jnp.asarray(t, x.dtype), condition)
        return self.network(jnp.concatenate([features, squash(x)]))


class MatrixField(AbstractDivergenceFree):
    """v_i = sum_j d_j A_ij with a network for the dim (dim - 1) / 2 entries of A.

    **Arguments:**

    - `dim`: at least 2.
    - `envelope`: use rho A instead of A.
    - `width`, `depth`: hidden units a layer, hidden layers.
    - `condition_dim`, `max_frequency`: as in `Autoregressive`.
    - `key`: a key from `jax.random.key`.
    """

    dim: int = eqx.field(static=True)
    envelope: bool = eqx.field(static=True)
    entries: FieldNetwork

    def __init__(
        self,
        dim: int,
        *,
        envelope: bool = True,
        width: int = 64,
        depth: int = 3,
        condition_dim: int = 0,
        max_frequency: float = 1.0,
        key: PRNGKey,
    ):
        _check_dim(dim)
        self.dim, self.envelope = dim, envelope
        count = dim * (dim - 1) // 2
        self.entries = FieldNetwork(dim, count, width, depth, condition_dim, max_frequency, key)

    def matrix(self, t: Time, x: Point, condition: Condition = None) -> Float[Array, "dim dim"]:
        """A, from its upper triangle."""
        rows, columns = np.triu_indices(self.dim, 1)
        values = self.entries(t, x, condition)
        upper = jnp.zeros((self.dim, self.dim), values.dtype).at[rows, columns].set(values)
        return upper - upper.T


class VectorField(AbstractDivergenceFree):
    """v_i = sum_j d_j A_ij with A = J_b - J_b^T for a network b with dim outputs.

    The arguments are those of `MatrixField`. Fewer outputs, one derivative more.
    """

    dim: int = eqx.field(static=True)
    envelope: bool = eqx.field(static=True)
    potential: FieldNetwork

    def __init__(
        self,
        dim: int,
        *,
        envelope: bool = True,
        width: int = 64,
        depth: int = 3,
        condition_dim: int = 0,
        max_frequency: float = 1.0,
        key: PRNGKey,
    ):
        _check_dim(dim)
        self.dim, self.envelope = dim, envelope
        self.potential = FieldNetwork(dim, dim, width, depth, condition_dim, max_frequency, key)

    def matrix(self, t: Time, x: Point, condition: Condition = None) -> Float[Array, "dim dim"]:
        """J_b - J_b^T."""
        jacobian = jax.jacfwd(lambda x: self.potential(t, x, condition))(x)
        return jacobian - jacobian.T


def _check_dim(dim: int) -> None:
    if dim < 2:
        raise ValueError(f"a divergence-free part needs dim >= 2; got {dim}. Leave it out.")

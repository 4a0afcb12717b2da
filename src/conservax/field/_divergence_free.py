"""Fields without divergence: they move particles and leave the density alone.

The row divergence of an antisymmetric matrix field A has no divergence. A is a network for its
entries [richterpowell2022, (4)], or the antisymmetric part of the Jacobian of a vector field (7).
In *density-weighted* form, rho A stands for A: the field is divergence-free all the same, and its
velocity, div A + A score, stays bounded where the density vanishes. Without it the velocity
div A / rho brings the spurious flux back.

A network is linear in its last hidden units g, so that A_ij = sum_k T_ijk g_k and
v_i = sum_jk T_ijk d_j g_k: the derivatives are those of the hidden units alone, and all entries
of A are read out once, not once per coordinate.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PRNGKey, Time, Vector
from conservax.density import AbstractDensity
from conservax.field._domain import AbstractDomain, Euclidean
from conservax.field._field_network import FieldNetwork
from conservax.field._row_divergence import Matrix, antisymmetric, check_dim, vector_row_divergence


class AbstractDivergenceFree(eqx.Module):
    """A divergence-free part v of the flux [hua2025, (28)-(30)], or a field of its own: `v(t, x)`."""

    dim: eqx.AbstractVar[int]
    density_weighted: eqx.AbstractVar[bool]
    constant: eqx.AbstractVar[Float[Array, " dim"] | None]

    @abc.abstractmethod
    def matrix(self, t: Time, x: Point, condition: Condition = None) -> Matrix:
        """The antisymmetric matrix A(t, x)."""

    @abc.abstractmethod
    def row_divergence(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Row divergence sum_j d_j A_ij, shape `(dim,)`."""

    def __call__(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """The field without any density: div A and the constant part, shape `(dim,)`."""
        self._check_point(x)
        return self._with_constant(self.row_divergence(t, x, condition), 1.0)

    def velocity(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Velocity v / rho, shape `(dim,)`."""
        self._check_point(x)
        divergence = self.row_divergence(t, x, condition)
        volume = jnp.exp(-density.log_prob(t, x, condition))
        if self.density_weighted:
            score = jax.grad(density.log_prob, argnums=1)(t, x, condition)
            moved = divergence + self.matrix(t, x, condition) @ score
            return self._with_constant(moved, volume)
        return self._with_constant(divergence, 1.0) * volume

    def flux(
        self, density: AbstractDensity, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Flux v, shape `(dim,)`."""
        if self.density_weighted:
            rho = jnp.exp(density.log_prob(t, x, condition))
            return rho * self.velocity(density, t, x, condition)
        return self(t, x, condition)

    def _with_constant(self, field: Vector, factor) -> Vector:
        return field if self.constant is None else field + factor * self.constant

    def _check_point(self, x: Point) -> None:
        if jnp.shape(x) != (self.dim,):
            raise ValueError(
                f"expected x of shape {(self.dim,)}; got {jnp.shape(x)}. "
                "Fields take one point: use jax.vmap for rows."
            )


class MatrixField(AbstractDivergenceFree):
    """Divergence-free field sum_j d_j A_ij with a network for the dim (dim - 1) / 2 entries of A.

    **Arguments:**

    - `dim`: at least 2.
    - `density_weighted`: use rho A instead of A in `velocity` and `flux`.
    - `domain`: where the field lives. On a `Torus` it is periodic, and a constant is learned along;
      nothing flows out of a `Ball`.
    - `bandwidth`: of a banded A: keep entries between coordinates up to so many apart, cyclically,
      dim per band, for many dimensions; None for all. In space one band can be any divergence-free
      field, on a torus fields that vary along few coordinates need all.
    - `width`, `depth`: hidden units per layer, hidden layers.
    - `condition_dim`, `max_frequency`: as in `Autoregressive`.
    - `scale`: of the entries to begin with.
    - `key`: a key from `jax.random.key`.

    **Raises:** `ValueError` for dim < 2, or bands that overlap cyclically.
    """

    dim: int = eqx.field(static=True)
    density_weighted: bool = eqx.field(static=True)
    bandwidth: int | None = eqx.field(static=True)
    entries: FieldNetwork
    constant: Float[Array, " dim"] | None

    def __init__(
        self,
        dim: int,
        *,
        density_weighted: bool = True,
        domain: AbstractDomain | None = None,
        bandwidth: int | None = None,
        width: int = 64,
        depth: int = 3,
        condition_dim: int = 0,
        max_frequency: float = 1.0,
        scale: float = 0.1,
        key: PRNGKey,
    ):
        check_dim(dim)
        if bandwidth is not None and not 0 < 2 * bandwidth < dim:
            raise ValueError(
                f"expected a bandwidth of 1 to {(dim - 1) // 2} in {dim} dimensions; got {bandwidth}. "
                "Leave it out for all entries."
            )
        domain = Euclidean() if domain is None else domain
        self.dim, self.density_weighted, self.bandwidth = dim, density_weighted, bandwidth
        count = dim * (dim - 1) // 2 if bandwidth is None else dim * bandwidth
        self.entries = FieldNetwork(
            domain,
            dim,
            count,
            width=width,
            depth=depth,
            condition_dim=condition_dim,
            max_frequency=max_frequency,
            scale=scale,
            key=key,
        )
        self.constant = domain.constant_fields(dim)

    def matrix(self, t: Time, x: Point, condition: Condition = None) -> Matrix:
        """Matrix A, from its entries."""
        values = self.entries.coefficients @ self._basis(t, x, condition)
        if self.bandwidth is None:
            return antisymmetric(values, self.dim)
        rows, columns = self._pairs()
        upper = jnp.zeros((self.dim, self.dim), values.dtype).at[rows, columns].set(values)
        return upper - upper.T

    def row_divergence(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Row divergence, from the derivatives of the hidden units."""
        slopes = jax.jacfwd(lambda x: self._basis(t, x, condition))(x)
        coefficients = self.entries.coefficients
        rows, columns = self._pairs()
        if self.bandwidth is None:
            shape = (self.dim, self.dim, coefficients.shape[1])
            upper = jnp.zeros(shape, coefficients.dtype).at[rows, columns].set(coefficients)
            return jnp.einsum("ijk,kj->i", upper - upper.swapaxes(0, 1), slopes)
        along = lambda j: jnp.sum(coefficients * slopes.T[j], axis=1)  # noqa: E731
        return jnp.zeros_like(x).at[rows].add(along(columns)).at[columns].add(-along(rows))

    def _basis(self, t: Time, x: Point, condition: Condition) -> Float[Array, " units"]:
        """The basis that A is linear in: zero on the boundary, if there is one."""
        cutoff = self.entries.domain.boundary_cutoff(x)
        basis = self.entries.basis(t, x, condition)
        return basis if cutoff is None else cutoff * basis

    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the entries."""
        if self.bandwidth is None:
            return np.triu_indices(self.dim, 1)
        rows = np.tile(np.arange(self.dim), self.bandwidth)
        return rows, (rows + np.repeat(np.arange(1, self.bandwidth + 1), self.dim)) % self.dim


class VectorPotentialField(AbstractDivergenceFree):
    """Divergence-free field sum_j d_j A_ij with A = J_b - J_b^T for a network b with dim outputs.

    The arguments are those of `MatrixField`, without `bandwidth`. Fewer outputs, one derivative more.
    """

    dim: int = eqx.field(static=True)
    density_weighted: bool = eqx.field(static=True)
    potential: FieldNetwork
    constant: Float[Array, " dim"] | None

    def __init__(
        self,
        dim: int,
        *,
        density_weighted: bool = True,
        domain: AbstractDomain | None = None,
        width: int = 64,
        depth: int = 3,
        condition_dim: int = 0,
        max_frequency: float = 1.0,
        scale: float = 0.1,
        key: PRNGKey,
    ):
        check_dim(dim)
        domain = Euclidean() if domain is None else domain
        self.dim, self.density_weighted = dim, density_weighted
        self.potential = FieldNetwork(
            domain,
            dim,
            dim,
            width=width,
            depth=depth,
            condition_dim=condition_dim,
            max_frequency=max_frequency,
            scale=scale,
            key=key,
        )
        self.constant = domain.constant_fields(dim)

    def matrix(self, t: Time, x: Point, condition: Condition = None) -> Matrix:
        """Matrix J_b - J_b^T, times the boundary cutoff of the domain."""
        cutoff = self.potential.domain.boundary_cutoff(x)
        rotation = self._rotation(t, x, condition)
        return rotation if cutoff is None else cutoff * rotation

    def row_divergence(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Row divergence w (laplacian b - grad div b) + (J_b - J_b^T) grad w of the boundary cutoff w."""
        inside = vector_row_divergence(lambda x: self.potential(t, x, condition), x)
        if self.potential.domain.boundary_cutoff(x) is None:
            return inside
        cutoff, slope = jax.value_and_grad(self.potential.domain.boundary_cutoff)(x)
        return cutoff * inside + self._rotation(t, x, condition) @ slope

    def _rotation(self, t: Time, x: Point, condition: Condition) -> Matrix:
        jacobian = jax.jacfwd(lambda x: self.potential(t, x, condition))(x)
        return jacobian - jacobian.T

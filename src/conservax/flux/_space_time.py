"""Density and flux as one divergence-free field of time and space."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Scalar, Time, Vector
from conservax.flux._domain import AbstractDomain
from conservax.flux._field_network import FieldNetwork
from conservax.flux._row_divergence import antisymmetric, check_dim, row_divergence


class SpaceTimeField(eqx.Module):
    """(rho, rho u) = row divergence of an antisymmetric A(t, x) [richterpowell2022, (9)].

    So d_t rho + div(rho u) = 0 whatever the parameters, and on a torus or in a ball the mass is
    constant. The density is not positive by construction, as none of [16] is asked for: objectives
    keep away from division by it, and `velocity` refuses what falls below the floor.

    In a ball with wall w = 1 - |x|^2 / radius^2 the entries A_0j are a_j(0, x) + w (a_j(t, x) -
    a_j(0, x)) and the others w B_ij: nothing flows through the boundary, and the mass inside is free.

    **Arguments:**

    - `dim`: dimension of space, at least 1.
    - `domain`: of space.
    - `background`: of the density to begin with; the mean density on a torus. It is trained.
    - `floor`: > 0, the least density that has a velocity.
    - `width`, `depth`, `scale`: as in `MatrixField`.
    - `max_frequency`: cycles per unit time, as in `Autoregressive`.
    - `key`: a key from `jax.random.key`.
    """

    dim: int = eqx.field(static=True)
    floor: float = eqx.field(static=True)
    entries: FieldNetwork
    background: Float[Array, ""]
    constant: Float[Array, " dim"] | None

    def __init__(
        self,
        dim: int,
        domain: AbstractDomain,
        *,
        background: float = 1.0,
        floor: float = 1e-3,
        width: int = 64,
        depth: int = 3,
        scale: float = 0.1,
        max_frequency: float = 1.0,
        key: PRNGKey,
    ):
        check_dim(dim + 1)
        if not background > floor > 0:
            raise ValueError(
                f"expected background > floor > 0; got {background} and {floor}. "
                "A density that touches zero has no velocity."
            )
        self.dim, self.floor = dim, floor
        self.background = jnp.asarray(background, float)
        self.entries = FieldNetwork(
            domain, dim, dim * (dim + 1) // 2, width, depth, 0, max_frequency, scale, key
        )
        self.constant = domain.constant_fields(dim)

    def __call__(self, t: Time, x: Point) -> Float[Array, " 1+dim"]:
        """(rho, rho u) at a time and a point, shape `(1 + dim,)`."""
        if jnp.shape(x) != (self.dim,):
            raise ValueError(
                f"expected x of shape {(self.dim,)}; got {jnp.shape(x)}. "
                "Fields take one point: use jax.vmap for rows."
            )
        field = row_divergence(self._matrix, jnp.append(jnp.asarray(t, x.dtype), x))
        field = field.at[0].add(self.background)
        return field if self.constant is None else field.at[1:].add(self.constant)

    def density(self, t: Time, x: Point) -> Scalar:
        """rho, shape `()`."""
        return self(t, x)[0]

    def flux(self, t: Time, x: Point) -> Vector:
        """rho u, shape `(dim,)`."""
        return self(t, x)[1:]

    def velocity(self, t: Time, x: Point) -> Vector:
        """u, shape `(dim,)`.

        **Raises:** a runtime error, also under `eqx.filter_jit`, where rho is below the floor.
        """
        field = self(t, x)
        density = eqx.error_if(
            field[0],
            field[0] < self.floor,
            f"expected a density of at least {self.floor}, the floor; got less, and no velocity. "
            "Train on, or raise the background.",
        )
        return field[1:] / density

    def _matrix(self, point: Float[Array, " 1+dim"]) -> Float[Array, "1+dim 1+dim"]:
        """A, whose first `dim` entries are those of the first row."""
        t, x = point[0], point[1:]
        entries, wall = self.entries(t, x, None), self.entries.domain.wall(x)
        if wall is not None:
            start = self.entries(jnp.zeros_like(t), x, None)
            held = jnp.concatenate([start[: self.dim], jnp.zeros_like(start[self.dim :])])
            entries = held + wall * (entries - held)
        return antisymmetric(entries, self.dim + 1)

"""Density and flux as one divergence-free field of time and space."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Scalar, Time, Vector
from conservax.field._domain import AbstractBoundedDomain, AbstractDomain, Torus
from conservax.field._field_network import FieldNetwork
from conservax.field._row_divergence import antisymmetric, check_dim, row_divergence


class SpaceTimeField(eqx.Module):
    """(rho, rho u) = row divergence of an antisymmetric A(t, x) [richterpowell2022, (9)].

    So d_t rho + div(rho u) = 0 whatever the parameters, and on a torus or in a ball the mass is
    constant. The density is not positive by construction, as that of `Subharmonic` is: objectives
    keep away from division by it, and `velocity` refuses what falls below the floor.

    In a ball with wall w = 1 - |x|^2 / radius^2 the entries A_0j are a_j(0, x) + w (a_j(t, x) -
    a_j(0, x)) and the others w B_ij: nothing flows through the boundary, and the mass inside is free.

    A `start` (rho_0, m_0) is held exactly. With s = settle (1 - exp(-t / settle)) the field
    (rho_0 - s div m_0, s' m_0) has no divergence in (t, x), and starts so; to it comes that of a
    network whose A_0j are multiplied by (s / settle)^2, all other entries and the constant by s / settle.

    **Arguments:**

    - `dim`: dimension of space, at least 1.
    - `domain`: of space.
    - `background`: of the density to begin with; the mean density on a torus. It is trained. With a
      `start` it is not looked at: mass is that of the start.
    - `start`: x -> (rho, rho u) at t = 0, shape `(1 + dim,)`, on its domain; the times are t >= 0 then.
    - `settle`: > 0, the time in which the start gives way to the network, about as long as the time
      that is looked at.
    - `floor`: > 0, the least density that has a velocity.
    - `width`, `depth`, `scale`: as in `MatrixField`.
    - `max_frequency`: cycles per unit time, as in `Autoregressive`.
    - `key`: a key from `jax.random.key`.

    **Raises:** `ValueError` if the background is not above the floor, or the start has another shape,
    falls below the floor, is not periodic on its torus, or flows through the boundary.
    """

    dim: int = eqx.field(static=True)
    floor: float = eqx.field(static=True)
    start: Callable[[Point], Float[Array, " 1+dim"]] | None = eqx.field(static=True)
    settle: float = eqx.field(static=True)
    entries: FieldNetwork
    background: Float[Array, ""] | None
    constant: Float[Array, " dim"] | None

    def __init__(
        self,
        dim: int,
        domain: AbstractDomain,
        *,
        background: float = 1.0,
        start: Callable[[Point], Float[Array, " 1+dim"]] | None = None,
        settle: float = 1.0,
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
        if not settle > 0:
            raise ValueError(f"expected settle > 0, a time; got {settle}.")
        self.dim, self.floor, self.start, self.settle = dim, floor, start, settle
        self.background = jnp.asarray(background, float) if start is None else None
        self.entries = FieldNetwork(
            domain,
            dim,
            dim * (dim + 1) // 2,
            width=width,
            depth=depth,
            max_frequency=max_frequency,
            scale=scale,
            key=key,
        )
        self.constant = domain.constant_fields(dim)
        if start is not None:
            self._check_start(start, domain)

    def __call__(self, t: Time, x: Point) -> Float[Array, " 1+dim"]:
        """(rho, rho u) at a time and a point, shape `(1 + dim,)`."""
        if jnp.shape(x) != (self.dim,):
            raise ValueError(
                f"expected x of shape {(self.dim,)}; got {jnp.shape(x)}. "
                "Fields take one point: use jax.vmap for rows."
            )
        t = jnp.asarray(t, x.dtype)
        field = row_divergence(self._matrix, jnp.append(t, x))
        risen = jnp.ones_like(t)
        if self.start is None:
            field = field.at[0].add(self.background)
        else:
            field, risen = field + self._started(self.start, t, x), self._risen(t)
        return field if self.constant is None else field.at[1:].add(risen * self.constant)

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
        if self.start is not None:
            risen, first = self._risen(t), jnp.arange(len(entries)) < self.dim
            entries = jnp.where(first, risen**2, risen) * entries
            return antisymmetric(entries if wall is None else wall * entries, self.dim + 1)
        if wall is not None:
            start = self.entries(jnp.zeros_like(t), x, None)
            held = jnp.concatenate([start[: self.dim], jnp.zeros_like(start[self.dim :])])
            entries = held + wall * (entries - held)
        return antisymmetric(entries, self.dim + 1)

    def _risen(self, t: Time) -> Scalar:
        """From 0 at the start to 1 long after it."""
        return -jnp.expm1(-t / self.settle)

    def _started(self, start: Callable, t: Time, x: Point) -> Float[Array, " 1+dim"]:
        """The start, and without divergence in (t, x) later on."""
        density, flux = start(x)[:1], start(x)[1:]
        gained = jnp.trace(jax.jacfwd(start)(x)[1:])
        risen = self._risen(t)
        return jnp.concatenate([density - self.settle * risen * gained, (1 - risen) * flux])

    def _check_start(self, start: Callable, domain: AbstractDomain) -> None:
        """At a few points of the domain and of its boundary."""
        keys = jax.random.split(jax.random.key(0), 64)
        x = jax.vmap(lambda key: domain.sample(key, self.dim))(keys)
        found = jax.eval_shape(start, x[0]).shape
        if found != (self.dim + 1,):
            raise ValueError(
                f"expected a start of shape {(self.dim + 1,)}, (rho, rho u); got {found}."
            )
        if isinstance(domain, Torus):
            domain.check_periodic("start", start, self.dim)
        values = jax.vmap(start)(x)
        if not jnp.min(values[:, 0]) > self.floor:
            raise ValueError(
                f"expected a start of density above {self.floor}, the floor; got {jnp.min(values[:, 0])}."
            )
        if isinstance(domain, AbstractBoundedDomain):
            x = jax.vmap(lambda key: domain.sample_boundary(key, self.dim))(keys)
            through = jax.vmap(lambda x: start(x)[1:] @ domain.normal(x))(x)
            if not jnp.max(jnp.abs(through)) < 1e-3 * jnp.max(jnp.abs(values)):
                raise ValueError(
                    "expected a start that does not flow through the boundary; got rho u . n = "
                    f"{through[jnp.argmax(jnp.abs(through))]}. Ask for it by `FluidStart` instead."
                )

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
    """Field (rho, rho u), the row divergence of an antisymmetric A(t, x) [richterpowell2022, (9)].

    So d_t rho + div(rho u) = 0 whatever the parameters, and on a torus or in a ball the mass is
    constant. The density is not positive by construction, as that of `Subharmonic` is: objectives
    do not divide by it, and `velocity` raises where it falls below `minimum_density`.

    In a ball with boundary cutoff w = 1 - |x|^2 / radius^2 the entries A_0j are
    a_j(0, x) + w (a_j(t, x) - a_j(0, x)) and the others w B_ij: nothing flows through the boundary,
    and the mass inside is free.

    An `initial_condition` (rho_0, m_0) is held exactly. With the relaxation time T and
    s = T (1 - exp(-t / T)) the field (rho_0 - s div m_0, s' m_0) has no divergence in (t, x), and
    starts so; to it comes that of a network whose A_0j are multiplied by (s / T)^2, all other
    entries and the constant by s / T.

    **Arguments:**

    - `dim`: dimension of space, at least 1.
    - `domain`: of space.
    - `background`: of the density to begin with; the mean density on a torus. It is trained.
      Ignored beside an `initial_condition`, which has its own mass.
    - `initial_condition`: x -> (rho, rho u) at t = 0, shape `(1 + dim,)`, on its domain; times are
      t >= 0 then.
    - `relaxation_time`: > 0, in which the initial condition gives way to the network, about as long
      as the time of interest.
    - `minimum_density`: > 0, the least density that has a velocity.
    - `width`, `depth`, `scale`: as in `MatrixField`.
    - `max_frequency`: cycles per unit time, as in `Autoregressive`.
    - `key`: a key from `jax.random.key`.

    **Raises:** `ValueError` if the background is not above the minimum density, or the initial
    condition has another shape, falls below it, is not periodic on its torus, or flows through the
    boundary.
    """

    dim: int = eqx.field(static=True)
    minimum_density: float = eqx.field(static=True)
    initial_condition: Callable[[Point], Float[Array, " 1+dim"]] | None = eqx.field(static=True)
    relaxation_time: float = eqx.field(static=True)
    entries: FieldNetwork
    background: Float[Array, ""] | None
    constant: Float[Array, " dim"] | None

    def __init__(
        self,
        dim: int,
        domain: AbstractDomain,
        *,
        background: float = 1.0,
        initial_condition: Callable[[Point], Float[Array, " 1+dim"]] | None = None,
        relaxation_time: float = 1.0,
        minimum_density: float = 1e-3,
        width: int = 64,
        depth: int = 3,
        scale: float = 0.1,
        max_frequency: float = 1.0,
        key: PRNGKey,
    ):
        check_dim(dim + 1)
        if not background > minimum_density > 0:
            raise ValueError(
                f"expected background > minimum_density > 0; got {background} and {minimum_density}. "
                "A density that touches zero has no velocity."
            )
        if not relaxation_time > 0:
            raise ValueError(f"expected relaxation_time > 0; got {relaxation_time}.")
        self.dim, self.minimum_density = dim, minimum_density
        self.initial_condition, self.relaxation_time = initial_condition, relaxation_time
        self.background = jnp.asarray(background, float) if initial_condition is None else None
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
        if initial_condition is not None:
            self._check_initial_condition(initial_condition, domain)

    def __call__(self, t: Time, x: Point) -> Float[Array, " 1+dim"]:
        """Density and momentum (rho, rho u) at a time and a point, shape `(1 + dim,)`."""
        if jnp.shape(x) != (self.dim,):
            raise ValueError(
                f"expected x of shape {(self.dim,)}; got {jnp.shape(x)}. "
                "Fields take one point: use jax.vmap for rows."
            )
        t = jnp.asarray(t, x.dtype)
        field = row_divergence(self._matrix, jnp.append(t, x))
        relaxed = jnp.ones_like(t)
        if self.initial_condition is None:
            field = field.at[0].add(self.background)
        else:
            field = field + self._from_initial_condition(self.initial_condition, t, x)
            relaxed = self._relaxed(t)
        return field if self.constant is None else field.at[1:].add(relaxed * self.constant)

    def density(self, t: Time, x: Point) -> Scalar:
        """Density rho, shape `()`."""
        return self(t, x)[0]

    def flux(self, t: Time, x: Point) -> Vector:
        """Momentum rho u, shape `(dim,)`."""
        return self(t, x)[1:]

    def velocity(self, t: Time, x: Point) -> Vector:
        """Velocity u, shape `(dim,)`.

        **Raises:** a runtime error, also under `eqx.filter_jit`, where rho is below the
        minimum density.
        """
        field = self(t, x)
        density = eqx.error_if(
            field[0],
            field[0] < self.minimum_density,
            f"expected a density of at least {self.minimum_density}, the minimum_density; got less, "
            "and no velocity. Train on, or raise the background.",
        )
        return field[1:] / density

    def _matrix(self, point: Float[Array, " 1+dim"]) -> Float[Array, "1+dim 1+dim"]:
        """Matrix A, whose first `dim` entries are those of the first row."""
        t, x = point[0], point[1:]
        entries, cutoff = self.entries(t, x, None), self.entries.domain.boundary_cutoff(x)
        if self.initial_condition is not None:
            relaxed, first = self._relaxed(t), jnp.arange(len(entries)) < self.dim
            entries = jnp.where(first, relaxed**2, relaxed) * entries
            return antisymmetric(entries if cutoff is None else cutoff * entries, self.dim + 1)
        if cutoff is not None:
            start = self.entries(jnp.zeros_like(t), x, None)
            held = jnp.concatenate([start[: self.dim], jnp.zeros_like(start[self.dim :])])
            entries = held + cutoff * (entries - held)
        return antisymmetric(entries, self.dim + 1)

    def _relaxed(self, t: Time) -> Scalar:
        """Relaxation 1 - exp(-t / relaxation_time), from 0 at t = 0 to 1."""
        return -jnp.expm1(-t / self.relaxation_time)

    def _from_initial_condition(
        self, initial: Callable, t: Time, x: Point
    ) -> Float[Array, " 1+dim"]:
        """The initial condition at t = 0, continued without divergence in (t, x)."""
        density, flux = initial(x)[:1], initial(x)[1:]
        divergence = jnp.trace(jax.jacfwd(initial)(x)[1:])
        relaxed = self._relaxed(t)
        moved = density - self.relaxation_time * relaxed * divergence
        return jnp.concatenate([moved, (1 - relaxed) * flux])

    def _check_initial_condition(self, initial: Callable, domain: AbstractDomain) -> None:
        """Look at a few points of the domain and of its boundary."""
        keys = jax.random.split(jax.random.key(0), 64)
        x = jax.vmap(lambda key: domain.sample(key, self.dim))(keys)
        found = jax.eval_shape(initial, x[0]).shape
        if found != (self.dim + 1,):
            raise ValueError(
                f"expected an initial_condition of shape {(self.dim + 1,)}, (rho, rho u); got {found}."
            )
        if isinstance(domain, Torus):
            domain.check_periodic("initial_condition", initial, self.dim)
        values = jax.vmap(initial)(x)
        if not jnp.min(values[:, 0]) > self.minimum_density:
            raise ValueError(
                f"expected an initial_condition of density above {self.minimum_density}, the "
                f"minimum_density; got {jnp.min(values[:, 0])}."
            )
        if isinstance(domain, AbstractBoundedDomain):
            x = jax.vmap(lambda key: domain.sample_boundary(key, self.dim))(keys)
            through = jax.vmap(lambda x: initial(x)[1:] @ domain.normal(x))(x)
            if not jnp.max(jnp.abs(through)) < 1e-3 * jnp.max(jnp.abs(values)):
                raise ValueError(
                    "expected an initial_condition that does not flow through the boundary; got rho u . n = "
                    f"{through[jnp.argmax(jnp.abs(through))]}. Use `FluidInitialResidual` instead."
                )

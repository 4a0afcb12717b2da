"""Density, flux and diffusion, tied so that probability is conserved at every point and time."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from conservax._types import Condition, Point, PRNGKey, Scalar, Time, Vector
from conservax.density import AbstractDensity, check_point
from conservax.field import AbstractDivergenceFree
from conservax.flux import AbstractFlowMapFlux, AbstractFlux, AbstractGrowthFlux, check_pair


class ConservationLaw(eqx.Module):
    """A density and the fields that move it, at one point and one time (`vmap` to batch).

    Whatever the parameters, d_t rho + div flux = 0, and the process
    dX = drift dt + diffusion dW has the marginals rho_t [hua2025, (2), (5), (9)]. Where the flux
    comes with births and deaths (`growth`), particles multiply and die at that rate.

    **Arguments:**

    - `density`: rho_t.
    - `flux`: how it moves.
    - `divergence_free`: added to the flux; moves particles, not the density (28).
    - `diffusion`: volatility g >= 0, a number or a function of t; fixed, never trained.

    Points, times and conditions of less precision than the parameters are promoted to theirs.

    **Raises:** `TypeError` if the flux cannot serve the density; `ValueError` for a divergence-free
    part of another dimension, or a diffusion below 0.
    """

    density: AbstractDensity
    base_flux: AbstractFlux
    divergence_free: AbstractDivergenceFree | None
    diffusion: float | Callable[[Time], Scalar] = eqx.field(static=True)

    def __init__(
        self,
        density: AbstractDensity,
        flux: AbstractFlux,
        divergence_free: AbstractDivergenceFree | None = None,
        diffusion: float | Callable[[Time], Scalar] = 0.0,
    ):
        if not callable(diffusion):
            diffusion = float(diffusion)
            if not 0 <= diffusion < float("inf"):
                raise ValueError(f"expected a diffusion >= 0; got {diffusion}.")
        check_pair(density, flux)
        if divergence_free is not None and divergence_free.dim != density.dim:
            raise ValueError(
                f"expected a divergence-free part in {density.dim} dimensions, as the density; "
                f"got one in {divergence_free.dim}. Give both the same dimension."
            )
        self.density, self.base_flux = density, flux
        self.divergence_free, self.diffusion = divergence_free, diffusion

    @property
    def dim(self) -> int:
        """Dimension of x."""
        return self.density.dim

    @property
    def condition_dim(self) -> int:
        """Length of the condition, 0 for none."""
        return self.density.condition_dim

    def log_prob(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """Log density log rho_t(x), shape `()`, nats."""
        return self.density.log_prob(*self._promoted(t, x, condition))

    def sample(self, key: PRNGKey, t: Time, condition: Condition = None) -> Point:
        """One exact draw from rho_t, shape `(dim,)`."""
        t = jnp.asarray(t)
        dtype = self.precision(t)
        return self.density.sample(key, t.astype(dtype), _cast(condition, dtype))

    def score(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Score grad log rho_t(x), shape `(dim,)`."""
        t, x, condition = self._promoted(t, x, condition)
        return jax.grad(self.density.log_prob, argnums=1)(t, x, condition)

    def velocity(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Velocity of the probability-flow ODE, flux / rho, shape `(dim,)`."""
        t, x, condition = self._promoted(t, x, condition)
        check_point(self.density, x, condition)
        velocity = self.base_flux.velocity(self.density, t, x, condition)
        if self.divergence_free is None:
            return velocity
        return velocity + self.divergence_free.velocity(self.density, t, x, condition)

    def flux(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Flux j_t(x) with d_t rho + div j = 0 (5), shape `(dim,)`."""
        t, x, condition = self._promoted(t, x, condition)
        check_point(self.density, x, condition)
        flux = self.base_flux.flux(self.density, t, x, condition)
        if self.divergence_free is None:
            return flux
        return flux + self.divergence_free.flux(self.density, t, x, condition)

    @property
    def grows(self) -> bool:
        """Whether there are births and deaths beside the movement."""
        flux = self.base_flux
        return isinstance(flux, AbstractGrowthFlux) and flux.grows(self.density)

    def growth(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """Rate r_t(x) of births less deaths, per unit time, shape `()`; 0 for most fluxes.

        With it, d_t rho + div flux = (r - d_t log_mass) rho: rho_t is the normalised density of
        the population, whatever the mass.
        """
        t, x, condition = self._promoted(t, x, condition)
        check_point(self.density, x, condition)
        if not isinstance(self.base_flux, AbstractGrowthFlux):
            return jnp.zeros((), x.dtype)
        return self.base_flux.growth(self.density, t, x, condition)

    def log_mass(self, t: Time) -> Scalar:
        """Log of the total mass at t over that at t = 0, shape `()`."""
        t = jnp.asarray(t)
        t = t.astype(self.precision(t))
        if not isinstance(self.base_flux, AbstractGrowthFlux):
            return jnp.zeros_like(t)
        return self.base_flux.log_mass(self.density, t)

    def diffusion_at(self, t: Time) -> Scalar:
        """Volatility g_t, shape `()`."""
        g = self.diffusion(t) if callable(self.diffusion) else self.diffusion
        return jnp.asarray(g)

    def drift(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Drift of the SDE with this law's diffusion, velocity + g^2 / 2 score (9)."""
        if not callable(self.diffusion) and self.diffusion == 0:
            return self.velocity(t, x, condition)
        return self.drift_with(self.diffusion_at(t), t, x, condition)

    def drift_with(
        self, diffusion: Scalar, t: Time, x: Point, condition: Condition = None
    ) -> Vector:
        """Drift of the SDE that keeps the same marginals under another volatility."""
        velocity = self.velocity(t, x, condition)
        return velocity + 0.5 * diffusion**2 * self.score(t, x, condition)

    def sample_with_drift(
        self, key: PRNGKey, t: Time, condition: Condition = None
    ) -> tuple[Point, Vector]:
        """The draw of `sample`, and the drift there, shapes `(dim,)`.

        Particles of a mapped flux keep coordinates, such as their conditional CDF values, and the
        derivative in t of a draw is that at fixed ones: the velocity at the cost of the draw.
        (Finite differences of draws would jump between components.)
        """
        t = jnp.asarray(t)
        dtype = self.precision(t)
        t, condition = t.astype(dtype), _cast(condition, dtype)
        if isinstance(self.base_flux, AbstractFlowMapFlux):
            draw = lambda t: self.sample(key, t, condition)  # noqa: E731
            x, drift = jax.jvp(draw, (t,), (jnp.ones_like(t),))
        else:
            x = self.sample(key, t, condition)
            drift = self.base_flux.velocity(self.density, t, x, condition)
        if self.divergence_free is not None:
            drift = drift + self.divergence_free.velocity(self.density, t, x, condition)
        if callable(self.diffusion) or self.diffusion:
            drift = drift + 0.5 * self.diffusion_at(t) ** 2 * self.score(t, x, condition)
        return x, drift

    @property
    def has_flow_map(self) -> bool:
        """Whether particles can be pushed forward in closed form."""
        return isinstance(self.base_flux, AbstractFlowMapFlux) and self.divergence_free is None

    def flow_map(self, s: Time, t: Time, x: Point, condition: Condition = None) -> Point:
        """Push forward of x from time s to time t along the velocity, in closed form, shape `(dim,)`."""
        t, x, condition = self._promoted(t, x, condition)
        s = jnp.asarray(s, x.dtype)
        check_point(self.density, x, condition)
        if not isinstance(self.base_flux, AbstractFlowMapFlux) or self.divergence_free is not None:
            raise TypeError(
                f"{type(self.base_flux).__name__}"
                f"{' with a divergence-free part' if self.divergence_free is not None else ''} "
                "has no closed flow map. Use conservax.transport.solve_ode."
            )
        return self.base_flux.flow_map(self.density, s, t, x, condition)

    def _promoted(self, t: Time, x: Point, condition: Condition) -> tuple[Time, Point, Condition]:
        """Time, point and condition in one precision: that of the parameters, or more if x has more."""
        x = jnp.asarray(x)
        dtype = self.precision(x)
        return jnp.asarray(t, dtype), x.astype(dtype), _cast(condition, dtype)

    def precision(self, *arrays: Array) -> jnp.dtype:
        """The floating dtype of the parameters, or of these arrays if they have more."""
        parts = eqx.filter(
            (self.density, self.base_flux, self.divergence_free), eqx.is_inexact_array
        )
        dtypes = (leaf.dtype for leaf in (*arrays, *jax.tree.leaves(parts)))
        dtype = jnp.result_type(*dtypes)
        # Whole numbers, in a law without parameters.
        return dtype if jnp.issubdtype(dtype, jnp.inexact) else jnp.result_type(float)


def _cast(condition: Condition, dtype: jnp.dtype) -> Condition:
    return None if condition is None else jnp.asarray(condition, dtype)

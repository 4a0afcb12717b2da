"""A mixture of densities of one class, with weights constant in time, or masses that grow."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PyTree, Scalar, Time
from conservax.density._base import AbstractAutoregressiveDensity
from conservax.univariate import AbstractConditional

_PACE = 5.0  # rates change by five where weights of a network change by one: populations double


class Mixture(AbstractAutoregressiveDensity):
    """Mixture rho_t = sum_k gamma_k rho_t^k of densities [hua2025, (27)], itself autoregressive.

    The conditional of coordinate i is the mixture of the components' conditionals, weighed by
    their densities of x_<i. So the mixture has conditional CDFs and pathwise gradients, also in
    gamma, and takes the Knothe-Rosenblatt flux as well as the rule (27) (`MixtureFlux`).

    **Arguments:**

    - `components`: autoregressive densities of one class and one shape (say, `Factorized` of different
      keys). They are stacked, and evaluated together.
    - `weights`: gamma, shape `(len(components),)`, positive; equal by default. Proposition 1 needs them
      constant in time.
    - `growth_modes`: lets the mass of every component grow or shrink on its own,
      n_k(t) = gamma_k exp(s_k t + sum_j a_kj (cos(pi j t) - 1)), with a constant rate and so many
      modes to learn; none by default. (Modes are flat at 0 and 1: alone, nothing could grow there.)
      rho_t is then sum_k n_k rho_t^k / sum_k n_k. `MixtureFlux` reads it as births and
      deaths, exactly; `KnotheRosenblatt` as mass that moves.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    components: AbstractAutoregressiveDensity
    logits: Float[Array, " components"]
    growth_coefficients: Float[Array, "components modes"] | None
    paced_rates: Float[Array, " components"] | None

    def __init__(
        self,
        components: Sequence[AbstractAutoregressiveDensity],
        *,
        weights: Float[Array, " components"] | Sequence[float] | None = None,
        growth_modes: int = 0,
    ):
        if not components:
            raise ValueError("expected at least one component; got none.")
        first, count = components[0], len(components)
        weights = jnp.ones(count) if weights is None else jnp.asarray(weights, float)
        if weights.shape != (count,) or not bool(jnp.all(weights > 0)):
            raise ValueError(
                f"expected {count} positive weights, one per component; got {weights}."
            )
        if any(_structure(component) != _structure(first) for component in components):
            raise ValueError(
                "expected components of one class and one shape; got different ones. "
                "Build every component with the same arguments and a key of its own."
            )
        self.dim, self.condition_dim = first.dim, first.condition_dim
        self.components = jax.tree.map(lambda *leaves: jnp.stack(leaves), *components)
        self.logits = jnp.log(weights)
        self.growth_coefficients = jnp.zeros((count, growth_modes)) if growth_modes else None
        self.paced_rates = jnp.zeros(count) if growth_modes else None

    def log_masses(self, t: Time) -> Float[Array, " components"]:
        """Log masses log n_k(t); the masses sum to 1 at t = 0."""
        logits = jax.nn.log_softmax(self.logits)
        coefficients = self.growth_coefficients
        if coefficients is None or self.paced_rates is None:
            return logits
        angles = jnp.pi * jnp.arange(1, coefficients.shape[1] + 1, dtype=logits.dtype) * t
        return logits + _PACE * self.paced_rates * t + coefficients @ (jnp.cos(angles) - 1)

    def log_weights(self, t: Time) -> Float[Array, " components"]:
        """Log weight of every component, normalised at every t."""
        return jax.nn.log_softmax(self.log_masses(t))

    def start(self, t: Time, condition: Condition = None) -> PyTree:
        """The states of all components, and the log weight of each."""
        states = eqx.filter_vmap(lambda one: one.start(t, condition))(self.components)
        return states, self.log_weights(t), None

    def conditional(self, state: PyTree, i) -> tuple[AbstractConditional, PyTree]:
        """The components' conditionals, mixed with weights given x_<i."""
        states, log_weights, _ = state
        each, states = eqx.filter_vmap(lambda one, s: one.conditional(s, i))(
            self.components, states
        )
        return each.mix(jax.nn.log_softmax(log_weights)), (states, log_weights, each)

    def extend(self, state: PyTree, i, x_i: Scalar) -> PyTree:
        """Weigh every component by its density of x_i."""
        states, log_weights, each = state
        states = eqx.filter_vmap(lambda one, s: one.extend(s, i, x_i))(self.components, states)
        log_pdf = jax.vmap(lambda conditional: conditional.log_pdf(x_i))(each)
        return states, log_weights + log_pdf, None

    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> AbstractConditional:
        """Conditionals of all components in parallel, mixed along the coordinates."""
        each = eqx.filter_vmap(lambda one: one.conditionals(t, x, condition))(self.components)
        log_pdf = jax.vmap(lambda conditional: conditional.log_pdf(x))(each)
        before = jnp.cumsum(log_pdf, axis=1) - log_pdf
        log_weights = jax.nn.log_softmax(self.log_weights(t)[:, None] + before, axis=0)
        return jax.vmap(lambda c, w: c.mix(w), in_axes=(1, 1))(each, log_weights)


def _structure(component: AbstractAutoregressiveDensity) -> tuple:
    """Structure that components must share to be stacked."""
    leaves, tree = jax.tree.flatten(component)
    if not all(eqx.is_array_like(leaf) for leaf in leaves):
        raise ValueError(
            f"expected components whose parameters are arrays; got a {type(component).__name__} that "
            "holds functions. Mix learned densities."
        )
    return tree, [jnp.shape(leaf) for leaf in leaves]

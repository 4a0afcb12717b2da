"""A mixture of laws of one kind, with weights that are constant in time, or masses that grow."""

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
    """rho_t = sum_k gamma_k rho_t^k [hua2025, (27)], itself autoregressive.

    The conditional of coordinate i is the mixture of the laws' conditionals, weighed by how well
    each law explains x_<i. So the mixture has conditional CDFs and pathwise gradients, also in
    gamma, and takes the Knothe-Rosenblatt flux as well as the rule (27) (`MixtureFlux`).

    **Arguments:**

    - `laws`: autoregressive densities of one class and one shape (say, `Factorized` of different
      keys). They are stacked, and evaluated together.
    - `weights`: gamma, shape `(len(laws),)`, positive; equal by default. Proposition 1 needs them
      constant in time.
    - `growth_modes`: lets the mass of every law grow or shrink on its own,
      n_k(t) = gamma_k exp(s_k t + sum_j a_kj (cos(pi j t) - 1)), with a steady rate and so many
      waves to learn; none by default. (Waves are flat at 0 and 1: alone, nothing could grow there.)
      rho_t is then sum_k n_k rho_t^k / sum_k n_k. `MixtureFlux` reads it as births and
      deaths, exactly; `KnotheRosenblatt` as mass that moves.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    laws: AbstractAutoregressiveDensity
    logits: Float[Array, " laws"]
    waves: Float[Array, "laws waves"] | None
    paced_rates: Float[Array, " laws"] | None

    def __init__(
        self,
        laws: Sequence[AbstractAutoregressiveDensity],
        *,
        weights: Float[Array, " laws"] | Sequence[float] | None = None,
        growth_modes: int = 0,
    ):
        if not laws:
            raise ValueError("expected at least one law; got none.")
        first = laws[0]
        weights = jnp.ones(len(laws)) if weights is None else jnp.asarray(weights, float)
        if weights.shape != (len(laws),) or not bool(jnp.all(weights > 0)):
            raise ValueError(f"expected {len(laws)} positive weights, one a law; got {weights}.")
        if any(_structure(law) != _structure(first) for law in laws):
            raise ValueError(
                "expected laws of one class and one shape; got different ones. "
                "Build every law with the same arguments and a key of its own."
            )
        self.dim, self.condition_dim = first.dim, first.condition_dim
        self.laws = jax.tree.map(lambda *leaves: jnp.stack(leaves), *laws)
        self.logits = jnp.log(weights)
        self.waves = jnp.zeros((len(laws), growth_modes)) if growth_modes else None
        self.paced_rates = jnp.zeros(len(laws)) if growth_modes else None

    def log_masses(self, t: Time) -> Float[Array, " laws"]:
        """log n_k(t); the masses sum to 1 at t = 0."""
        logits = jax.nn.log_softmax(self.logits)
        if self.waves is None or self.paced_rates is None:
            return logits
        angles = jnp.pi * jnp.arange(1, self.waves.shape[1] + 1, dtype=logits.dtype) * t
        return logits + _PACE * self.paced_rates * t + self.waves @ (jnp.cos(angles) - 1)

    def log_weights(self, t: Time) -> Float[Array, " laws"]:
        """Log of the share of every law, normalised at every t."""
        return jax.nn.log_softmax(self.log_masses(t))

    def start(self, t: Time, condition: Condition = None) -> PyTree:
        """The states of all laws, and the log weight of each."""
        states = eqx.filter_vmap(lambda law: law.start(t, condition))(self.laws)
        return states, self.log_weights(t), None

    def conditional(self, state: PyTree, i) -> tuple[AbstractConditional, PyTree]:
        """The laws' conditionals, mixed by what x_<i says of the laws."""
        states, log_weights, _ = state
        each, states = eqx.filter_vmap(lambda law, s: law.conditional(s, i))(self.laws, states)
        return each.mix(jax.nn.log_softmax(log_weights)), (states, log_weights, each)

    def extend(self, state: PyTree, i, x_i: Scalar) -> PyTree:
        """Weigh every law by its density of x_i."""
        states, log_weights, each = state
        states = eqx.filter_vmap(lambda law, s: law.extend(s, i, x_i))(self.laws, states)
        log_pdf = jax.vmap(lambda conditional: conditional.log_pdf(x_i))(each)
        return states, log_weights + log_pdf, None

    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> AbstractConditional:
        """Conditionals of all laws in parallel, mixed along the coordinates."""
        each = eqx.filter_vmap(lambda law: law.conditionals(t, x, condition))(self.laws)
        log_pdf = jax.vmap(lambda conditional: conditional.log_pdf(x))(each)
        before = jnp.cumsum(log_pdf, axis=1) - log_pdf
        log_weights = jax.nn.log_softmax(self.log_weights(t)[:, None] + before, axis=0)
        return jax.vmap(lambda c, w: c.mix(w), in_axes=(1, 1))(each, log_weights)


def _structure(law: AbstractAutoregressiveDensity) -> tuple:
    """What two laws must share to be stacked."""
    leaves, tree = jax.tree.flatten(law)
    if not all(eqx.is_array_like(leaf) for leaf in leaves):
        raise ValueError(
            f"expected laws whose parameters are arrays; got a {type(law).__name__} that holds "
            "functions. Mix learned densities."
        )
    return tree, [jnp.shape(leaf) for leaf in leaves]

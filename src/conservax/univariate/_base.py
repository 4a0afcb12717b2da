"""Distributions on the line: conditionals of coordinate i given the earlier coordinates.

A conditional carries its parameters as arrays. The autoregressive densities hand them out one
coordinate at a time; the fluxes differentiate them. Everything is formed in log space, so that
float32 stays finite far out in the tails.
"""

import abc
import math
from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import PyTree


def largest_ratio(dtype: jnp.dtype) -> float:
    """Cap of ratios of a tail to a density, and of Knothe-Rosenblatt velocities.

    They are only reached between modes and in tails, where there is no mass; products of two of
    them, their squares, and the gradients of those stay finite.
    """
    return float(jnp.finfo(dtype).max) ** 0.2


def capped_exp(exponent: Array) -> Array:
    """Exponential, at most `largest_ratio`."""
    return jnp.exp(jnp.minimum(exponent, math.log(largest_ratio(exponent.dtype))))


class AbstractConditional(eqx.Module):
    """A distribution on the line, or a batch of them along leading axes of the parameters.

    The probability coordinate of a point is its *log-odds*, `log F - log (1 - F)`: unlike F it
    keeps its digits in both tails.
    """

    @abc.abstractmethod
    def log_pdf(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log density log f(x), nats."""

    @abc.abstractmethod
    def log_cdf(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log CDF log F(x)."""

    @abc.abstractmethod
    def log_survival(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log survival log (1 - F(x)), without cancellation in the upper tail."""

    @abc.abstractmethod
    def from_log_odds(self, log_odds: Float[Array, "..."]) -> Float[Array, "..."]:
        """The point x with these log-odds; differentiable in the parameters too."""

    @abc.abstractmethod
    def from_uniforms(self, uniforms: Float[Array, "... 2"]) -> Float[Array, "..."]:
        """One draw, from two uniform numbers; its gradient is that at a fixed value of F (implicit)."""

    @abc.abstractmethod
    def velocity(self, tangent: PyTree, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Speed that keeps F(x) constant while the parameters move along `tangent`: -D F / f.

        `tangent` is a conditional of the same kind that holds derivatives of the parameters.
        """

    @abc.abstractmethod
    def flux(self, tangent: PyTree, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Flux, f times `velocity`, formed without dividing by f: -D F."""

    @abc.abstractmethod
    def affine(self, shift: Float[Array, "..."], scale: Float[Array, "..."]) -> Self:
        """The distribution of shift + scale x, for scale > 0."""

    @abc.abstractmethod
    def mix(self, log_weights: Float[Array, " distributions"]) -> Self:
        """The mixture over the leading axis, with normalised log weights."""

    def cdf(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """CDF F(x), in [0, 1]."""
        return jnp.exp(self.log_cdf(x))

    def log_odds(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log-odds log F(x) - log (1 - F(x)), on the whole line."""
        return self.log_cdf(x) - self.log_survival(x)


@jax.custom_jvp
def root(conditional: AbstractConditional, log_odds: Array, low: Array, high: Array) -> Array:
    """The x in [low, high] where `conditional.log_odds(x) == log_odds`.

    Newton's method on the log-odds, which are almost straight in the tails, kept inside a bracket
    that shrinks at every step.
    """
    eps = jnp.finfo(log_odds.dtype).eps

    def unfinished(state):
        _, low, high, step, n = state
        tolerance = 2 * eps * (1 + jnp.maximum(jnp.abs(low), jnp.abs(high)))
        return (n < 100) & jnp.any((high - low > tolerance) & (jnp.abs(step) > tolerance))

    def improve(state):
        x, low, high, _, n = state
        log_cdf, log_survival = conditional.log_cdf(x), conditional.log_survival(x)
        excess = log_cdf - log_survival - log_odds
        low, high = jnp.where(excess < 0, x, low), jnp.where(excess < 0, high, x)
        slope = jnp.exp(jnp.maximum(conditional.log_pdf(x) - log_cdf - log_survival, -60.0))
        newton = x - excess / slope
        inside = (newton > low) & (newton < high) & (n % 8 != 7)
        proposal = jnp.where(inside, newton, 0.5 * (low + high))
        return proposal, low, high, proposal - x, n + 1

    middle = 0.5 * (low + high)
    return jax.lax.while_loop(unfinished, improve, (middle, low, high, high - low + 1, 0))[0]


@root.defjvp
def _root_jvp(primals, tangents):
    conditional, log_odds, low, high = primals
    x = root(conditional, log_odds, low, high)
    spread = conditional.log_cdf(x) + conditional.log_survival(x) - conditional.log_pdf(x)
    along_odds = jnp.exp(spread) * tangents[1]
    return x, conditional.velocity(tangents[0], x) + along_odds


@jax.custom_jvp
def reparameterised(conditional: AbstractConditional, draw: Array) -> Array:
    """`draw`, with the derivative it would have at a fixed value of F.

    Implicit reparameterisation [figurnov2018]: exact for any draw, without inverting F.
    """
    del conditional
    return draw


@reparameterised.defjvp
def _reparameterised_jvp(primals, tangents):
    # The draw is attached again, so that derivatives of every order see it move.
    draw = reparameterised(*primals)
    return draw, primals[0].velocity(tangents[0], draw)

"""The flux of the paper: spurious flux cancelled coordinate by coordinate with a fixed CDF."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractAutoregressiveDensity, AbstractDensity
from conservax.flux._base import AbstractFlux, require
from conservax.flux._time_derivatives import time_derivatives
from conservax.univariate import AbstractConditional, LogisticMixture, capped_exp


class StandardLogistic(eqx.Module):
    """The sigmoid of the paper, the same for every coordinate and time."""

    def __call__(self, t: Time) -> LogisticMixture:
        """A standard logistic distribution, shape `(1,)`."""
        zero = jnp.zeros((1, 1), jnp.asarray(t).dtype)
        return LogisticMixture(zero, zero, zero)


class SigmoidCancellation(AbstractFlux):
    """The flux (7) with b of (24) [hua2025], collapsed to one formula.

    With sigma_i a CDF of x_i alone, and L_i = sum_{j<i} d_t log f_j,

        velocity_i = [(sigma_i - F_i) L_i - d_t F_i] / f_i * prod_{j>i} sigma'_j / f_j.

    The product is an importance weight: where a conditional is thinner than sigma the velocity
    explodes, and the kinetic energy may be infinite. Ratios are capped far beyond where there is
    mass. Prefer `KnotheRosenblatt`.

    **Arguments:**

    - `reference`: t -> the distributions sigma_i as a conditional of shape `(dim,)` or `(1,)`;
      the standard logistic by default.
    """

    needs: ClassVar[type[AbstractDensity]] = AbstractAutoregressiveDensity

    reference: Callable[[Time], AbstractConditional] = StandardLogistic()

    def velocity(
        self,
        density: AbstractDensity,
        t: Time,
        x: Point,
        condition: Condition = None,
    ) -> Vector:
        """Velocity, shape `(dim,)`."""
        density = require(density, AbstractAutoregressiveDensity, self)
        now = time_derivatives(density, t, x, condition)
        sigma = self.reference(jnp.asarray(t, x.dtype))
        difference = _difference(sigma, now.conditionals, x, now.log_pdf)
        importance = capped_exp(_sum_after(sigma.log_pdf(x) - now.log_pdf))
        own = now.conditionals.velocity(now.tangent, x)
        return (difference * now.log_change + own) * importance

    def flux(
        self,
        density: AbstractDensity,
        t: Time,
        x: Point,
        condition: Condition = None,
    ) -> Vector:
        """Flux, shape `(dim,)`, formed without the ratios that make the velocity explode."""
        density = require(density, AbstractAutoregressiveDensity, self)
        now = time_derivatives(density, t, x, condition)
        sigma = self.reference(jnp.asarray(t, x.dtype))
        difference = _difference(sigma, now.conditionals, x, jnp.zeros_like(x))
        before = jnp.cumsum(now.log_pdf) - now.log_pdf
        around = jnp.exp(before + _sum_after(sigma.log_pdf(x)))
        own = now.conditionals.flux(now.tangent, x)
        return (difference * now.log_change + own) * around


def _difference(
    sigma: AbstractConditional, own: AbstractConditional, x: Point, log_unit: Vector
) -> Float[Array, " dim"]:
    """sigma_i - F_i in multiples of exp(log_unit), from the tails that are smaller."""
    lower = own.log_cdf(x) < own.log_survival(x)
    sign = jnp.where(lower, 1.0, -1.0)
    log_sigma = jnp.where(lower, sigma.log_cdf(x), sigma.log_survival(x))
    log_own = jnp.where(lower, own.log_cdf(x), own.log_survival(x))
    return sign * (capped_exp(log_sigma - log_unit) - capped_exp(log_own - log_unit))


def _sum_after(terms: Vector) -> Vector:
    """sum_{j>i} terms_j, exactly zero for the last coordinate."""
    return jnp.append(jnp.cumsum(terms[:0:-1])[::-1], jnp.zeros(1, terms.dtype))

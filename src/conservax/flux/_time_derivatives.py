"""What the fluxes of [hua2025] are made of: conditionals, and how they change at a fixed point."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractAutoregressiveDensity, AbstractConditional


class TimeDerivatives(NamedTuple):
    """Conditionals of a point, and how they change in time while the point stays."""

    conditionals: AbstractConditional
    log_pdf: Vector  # log f_i
    log_growth: Vector  # L_i = sum_{j<i} d_t log f_j
    own: Vector  # -d_t F_i / f_i


def time_derivatives(
    density: AbstractAutoregressiveDensity, t: Time, x: Point, condition: Condition
) -> TimeDerivatives:
    """One forward-mode pass in t over all conditionals of x."""
    t = jnp.asarray(t, x.dtype)

    def at(t):
        conditionals = density.conditionals(t, x, condition)
        return conditionals, conditionals.log_pdf(x)

    (conditionals, log_pdf), (tangent, d_log_pdf) = jax.jvp(at, (t,), (jnp.ones_like(t),))
    log_growth = jnp.cumsum(d_log_pdf) - d_log_pdf
    return TimeDerivatives(conditionals, log_pdf, log_growth, conditionals.velocity(tangent, x))


class CdfDerivatives(NamedTuple):
    """Like `TimeDerivatives`, for fluxes: without any division by f_i."""

    conditionals: AbstractConditional
    log_pdf: Vector  # log f_i
    log_growth: Vector  # L_i = sum_{j<i} d_t log f_j
    cdf_growth: Vector  # d_t F_i


def cdf_derivatives(
    density: AbstractAutoregressiveDensity, t: Time, x: Point, condition: Condition
) -> CdfDerivatives:
    """One forward-mode pass in t over all conditionals of x."""
    t = jnp.asarray(t, x.dtype)

    def at(t):
        conditionals = density.conditionals(t, x, condition)
        log_cdf, log_survival = conditionals.log_cdf(x), conditionals.log_survival(x)
        lower = log_cdf < log_survival  # F or -(1 - F): the derivative is the same
        tail = jnp.where(lower, jnp.exp(log_cdf), -jnp.exp(log_survival))
        return (conditionals.log_pdf(x), tail), conditionals

    (log_pdf, _), (d_log_pdf, d_cdf), conditionals = jax.jvp(
        at, (t,), (jnp.ones_like(t),), has_aux=True
    )
    log_growth = jnp.cumsum(d_log_pdf) - d_log_pdf
    return CdfDerivatives(conditionals, log_pdf, log_growth, d_cdf)

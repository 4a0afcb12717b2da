"""Conditionals and their time derivatives at a fixed point, for the fluxes of [hua2025]."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Time, Vector
from conservax.density import AbstractAutoregressiveDensity
from conservax.univariate import AbstractConditional


class TimeDerivatives(NamedTuple):
    """Conditionals of a point, and how they change in time while the point stays.

    `conditionals.velocity(tangent, x)` is -d_t F_i / f_i, `conditionals.flux(tangent, x)` -d_t F_i.
    """

    conditionals: AbstractConditional
    tangent: AbstractConditional
    log_pdf: Vector  # log f_i
    log_change: Vector  # L_i = sum_{j<i} d_t log f_j


def time_derivatives(
    density: AbstractAutoregressiveDensity, t: Time, x: Point, condition: Condition
) -> TimeDerivatives:
    """One forward-mode pass in t over all conditionals of x."""
    t = jnp.asarray(t, x.dtype)

    def at(t):
        conditionals = density.conditionals(t, x, condition)
        return conditionals, conditionals.log_pdf(x)

    (conditionals, log_pdf), (tangent, d_log_pdf) = jax.jvp(at, (t,), (jnp.ones_like(t),))
    log_change = jnp.cumsum(d_log_pdf) - d_log_pdf
    return TimeDerivatives(conditionals, tangent, log_pdf, log_change)

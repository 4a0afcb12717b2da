"""Transport of particles with births and deaths along their paths."""

from typing import Any

import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, Scalar, Time
from conservax.law import ConservationLaw
from conservax.transport._transport import transport

_SPANS = 64  # of equal length between the two times, in which growth is summed up


def transport_with_growth(
    law: ConservationLaw, x: Point, t0: Time, t1: Time, condition: Condition = None, **options: Any
) -> tuple[Point, Scalar]:
    """Position at t1 of a particle that is at x at t0, and the log of its number then.

    That log is the integral of r_t(x_t) dt from t0 to t1 along its path, r the rate of growth: by
    the trapezoid rule over 64 equal spans. So to t1 < t0 it is minus what it grew by since, and its
    exponential is the part of an ancestor that a particle stands for.

    Drawn from rho at t0, transported, and weighted by that exponential, particles are the population at
    t1: the mean weight is mass(t1) / mass(t0), forwards and backwards, with diffusion and without.

    **Arguments:**

    - `law`, `x`, `condition`: as in `transport`, and so are `options`: `key`, `diffusion`, `steps`,
      `rtol`, `atol`, `throw`.

    **Returns:** position, shape `(dim,)`, and log number, shape `()`, 0 for a law without growth.

    **Raises:** as `transport`.
    """
    t0, t1 = jnp.asarray(t0), jnp.asarray(t1)
    if not law.grows:
        path = transport(law, x, jnp.stack([t0, t1]), condition, **options)
        return path[-1], jnp.zeros((), path.dtype)
    times = t0 + (t1 - t0) * jnp.linspace(0, 1, _SPANS + 1, dtype=t0.dtype)
    path = transport(law, x, times, condition, **options)
    rates = jax.vmap(lambda t, y: law.growth(t, y, condition))(times, path)
    return path[-1], jnp.trapezoid(rates, times.astype(path.dtype))

"""Particles that follow the drift and are shaken: SDE paths with the law's marginals."""

from collections.abc import Callable

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PRNGKey, Scalar, Time
from conservax.law import ConservationLaw
from conservax.transport._times import checked_start

Diffusion = float | Scalar | Callable[[Time], Scalar]


def solve_sde(
    key: PRNGKey,
    law: ConservationLaw,
    x: Point,
    times: Float[Array, " times"],
    condition: Condition = None,
    *,
    diffusion: Diffusion | None = None,
    steps: int = 200,
) -> Float[Array, "times dim"]:
    """One path of dX = drift dt + g dW from x at `times[0]`, seen at every time.

    Whatever g, the drift is corrected by (9) so that the marginals stay those of the law. Backwards
    in time it is the reversed process: with tau = -t, dX = (g^2 / 2 score - velocity) dtau + g dW,
    again with the law's marginals.

    Fixed steps of ShARK [foster2024], of weak order 2 for this noise at two drifts a step. The step
    must resolve the narrowest feature of the density that carries mass: g^2 dt well below the
    square of its width.

    **Arguments:**

    - `key`: for the Brownian path.
    - `law`: whose drift is followed.
    - `x`: the point at `times[0]`, shape `(dim,)`; `vmap` over keys and rows.
    - `times`: law times, all forwards or all backwards; each one is hit exactly.
    - `condition`: shape `(condition_dim,)`, for laws that have one.
    - `diffusion`: volatility g, a number or a function of t, position per square root of time;
      `None` for the law's own.
    - `steps`: equal steps between the first and the last time. Those that contain a requested time
      are cut in two there.

    **Returns:** positions, shape `(times, dim)`, the first one x itself.

    **Raises:** `ValueError` for wrong shapes, times that turn round or no steps.
    """
    x, times = checked_start(law, x, times, condition)
    if steps < 1:
        raise ValueError(f"expected steps >= 1; got {steps}.")
    # Diffrax runs forwards: tau counts the time gone by since the start.
    direction = jnp.where(times[-1] < times[0], -1, 1).astype(x.dtype)
    elapsed = direction * (times - times[0])
    volatility = _volatility(law, diffusion, x.dtype)

    def drift(tau, y, _):
        t = times[0] + direction * tau
        half = 0.5 * volatility(t) ** 2
        return direction * law.velocity(t, y, condition) + half * law.score(t, y, condition)

    def shake(tau, _y, _):
        g = volatility(times[0] + direction * tau)
        return DiagonalLinearOperator(jnp.broadcast_to(g, x.shape))

    noise = diffrax.UnsafeBrownianPath(x.shape, key, diffrax.SpaceTimeLevyArea)
    terms = diffrax.MultiTerm(diffrax.ODETerm(drift), diffrax.ControlTerm(shake, noise))
    return _march(terms, x, elapsed, steps)

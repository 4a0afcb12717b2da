"""Particles that follow the drift and a Brownian motion: SDE paths with the law's marginals."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PRNGKey, Scalar, Time
from conservax.law import ConservationLaw
from conservax.transport._times import checked_start

if TYPE_CHECKING:
    import diffrax

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
    """Draw a path of dX = drift dt + g dW from x at `times[0]`, at every time.

    Whatever g, the drift is corrected by (9) so that the marginals stay those of the law. Backwards
    in time it is the reversed process: with tau = -t, dX = (g^2 / 2 score - velocity) dtau + g dW,
    again with the law's marginals.

    Fixed steps of ShARK (Foster, dos Reis and Strange, arXiv:2210.17543): weak order 2 for this
    noise, at two drifts per step, and a third less error than Heun's method at the same cost. A step
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
    import diffrax
    import lineax

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

    def volatility_operator(tau, _y, _):
        g = volatility(times[0] + direction * tau)
        return lineax.DiagonalLinearOperator(jnp.broadcast_to(g, x.shape))

    noise = diffrax.UnsafeBrownianPath(x.shape, key, diffrax.SpaceTimeLevyArea)
    terms = diffrax.MultiTerm(
        diffrax.ODETerm(drift), diffrax.ControlTerm(volatility_operator, noise)
    )
    return _march(terms, x, elapsed, steps)


def _volatility(
    law: ConservationLaw, diffusion: Diffusion | None, dtype: jnp.dtype
) -> Callable[[Time], Scalar]:
    """g as a function of t, in the dtype of the path."""
    if diffusion is None:
        return lambda t: law.diffusion_at(t).astype(dtype)
    if callable(diffusion):
        return lambda t: jnp.asarray(diffusion(t), dtype)
    return lambda t: jnp.asarray(diffusion, dtype)


def _march(
    terms: "diffrax.MultiTerm", x: Point, elapsed: Float[Array, " times"], steps: int
) -> Float[Array, "times dim"]:
    """Fixed steps from elapsed time zero to the last one, that stop at every requested time.

    Between steps a path is not known, and interpolating it would lose variance. The grid of steps
    and times may hold a time twice: a step of length zero does nothing, which `diffrax.StepTo`
    would refuse.
    """
    import diffrax

    solver = diffrax.ShARK()
    inner = jnp.linspace(0, elapsed[-1], steps + 1, dtype=x.dtype)[1:-1]
    grid = jnp.sort(jnp.concatenate([inner, elapsed]))
    state = solver.init(terms, grid[0], grid[1], x, None)

    def step(carry, span):
        y, state, seen = carry
        start, end = span
        y, _, _, state, _ = solver.step(terms, start, end, y, None, state, made_jump=False)
        return (y, state, jnp.where((elapsed == end)[:, None], y, seen)), None

    seen = jnp.broadcast_to(x, (elapsed.shape[0], *x.shape))
    (_, _, seen), _ = jax.lax.scan(step, (x, state, seen), (grid[:-1], grid[1:]))
    # Times equal to the first one are the start itself.
    return jnp.where((elapsed == 0)[:, None], x, seen)

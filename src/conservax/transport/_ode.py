"""Particles that follow the velocity: the probability-flow ODE."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point
from conservax.law import ConservationLaw
from conservax.transport._times import checked_start


def solve_ode(
    law: ConservationLaw,
    x: Point,
    times: Float[Array, " times"],
    condition: Condition = None,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-6,
    max_steps: int = 4096,
    throw: bool = True,
) -> Float[Array, "times dim"]:
    """Solve dx = velocity dt for the particle that is at x at `times[0]`, at every time.

    For laws without a closed flow map, and to check those that have one. Adaptive steps
    (Dormand and Prince 8(7), PI control): on rough laws a tenth of the error of Tsitouras 5(4) for
    the same time. Where a mode is left across a gap without mass the velocity may jump by more than
    any step in float32 resolves: steps stop shrinking at four units in the last place of the time.

    **Arguments:**

    - `law`: whose velocity is followed.
    - `x`: the point at `times[0]`, shape `(dim,)`; `vmap` for rows.
    - `times`: law times, all forwards or all backwards.
    - `condition`: shape `(condition_dim,)`, for laws that have one.
    - `rtol`, `atol`: error allowed per step, relative to x and in the units of x.
    - `max_steps`: give up after so many steps.
    - `throw`: whether to raise where the solver gives up. Otherwise its positions from
      there on are not finite, and other particles of a `vmap` are not disturbed.

    **Returns:** positions, shape `(times, dim)`, the first one x itself.

    **Raises:** `ValueError` for wrong shapes or times that turn round; a runtime error, also under
    `jit`, if the steps do not suffice or a position is not finite.
    """
    import diffrax

    x, times = checked_start(law, x, times, condition)
    # Diffrax checks other traced times by calling back, which keeps the program out of caches.
    two = len(times) == 2
    shortest = 4 * jnp.finfo(x.dtype).eps * jnp.max(jnp.abs(times))
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, _: law.velocity(jnp.asarray(t), y, condition)),
        diffrax.Dopri8(),
        times[0],
        times[-1],
        None,
        x,
        saveat=diffrax.SaveAt(t1=True) if two else diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.PIDController(
            rtol=rtol, atol=atol, dtmin=shortest, force_dtmin=True
        ),
        max_steps=max_steps,
        throw=throw,
    )
    path = jnp.asarray(solution.ys)
    if two:
        end = jnp.where(solution.result == diffrax.RESULTS.successful, path[0], jnp.nan)
        path = jnp.stack([x, end])
    if not throw:
        return path
    # A forced step would go on silently with a velocity that is not finite.
    return eqx.error_if(
        path, ~jnp.isfinite(path), "expected finite positions; the velocity is not finite."
    )

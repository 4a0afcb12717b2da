"""Transport of particles by the method that suits the law and the diffusion."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PRNGKey
from conservax.law import ConservationLaw
from conservax.transport._ode import solve_ode
from conservax.transport._sde import Diffusion, solve_sde
from conservax.transport._times import checked_start


def transport(
    law: ConservationLaw,
    x: Point,
    times: Float[Array, " times"],
    condition: Condition = None,
    *,
    key: PRNGKey | None = None,
    diffusion: Diffusion | None = 0.0,
    steps: int = 200,
    rtol: float = 1e-6,
    atol: float = 1e-6,
    throw: bool = True,
) -> Float[Array, "times dim"]:
    """Transport a particle that is at x at `times[0]` to every time, shape `(times, dim)`.

    Without diffusion by the closed flow map, where the law has one, and by `solve_ode` where not;
    with diffusion by `solve_sde`. Every method keeps the marginals of the law.

    **Arguments:**

    - `law`, `x`, `times`, `condition`: as in `solve_ode`.
    - `key`: for the noise; needed with diffusion.
    - `diffusion`: volatility, a number or a function of t; `None` for the law's own.
    - `steps`: of the SDE. `rtol`, `atol`, `throw`: of the ODE.

    **Raises:** `ValueError` for wrong shapes, times that turn round, a diffusion that is negative or
    lacks a key; a runtime error if the ODE solver gives up.
    """
    g = law.diffusion if diffusion is None else diffusion
    if isinstance(g, int | float) and not 0 <= g < float("inf"):
        raise ValueError(f"expected a diffusion >= 0; got {g}.")
    if not isinstance(g, int | float) or g > 0:
        if key is None:
            raise ValueError("expected a key with diffusion; got None. Pass key=jax.random.key(0).")
        return solve_sde(key, law, x, times, condition, diffusion=g, steps=steps)
    if not law.has_flow_map:
        return solve_ode(law, x, times, condition, rtol=rtol, atol=atol, throw=throw)
    x, times = checked_start(law, x, times, condition)
    later = jax.vmap(lambda t: law.flow_map(times[0], t, x, condition))(times[1:])
    return jnp.concatenate([x[None], later])

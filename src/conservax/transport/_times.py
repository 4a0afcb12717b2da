"""Times of a path, forwards or backwards."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from conservax._types import Condition, Point, Vector
from conservax.density import check_point
from conservax.law import ConservationLaw

WRONG_ORDER = "expected times that only grow or only fall; sort them, and start where x is."


def checked_start(
    law: ConservationLaw, x: Vector, times: Float[Array, " times"], condition: Condition
) -> tuple[Point, Float[Array, " times"]]:
    """The point in the precision of the law, or more, and the times in its dtype.

    **Raises:** `ValueError` if x, the condition or the times have the wrong shape, or the times
    turn round; where they are traced, under `jit` or `vmap`, turning round is a runtime error.
    """
    x = jnp.asarray(x)
    x = x.astype(law.precision(x))
    check_point(law.density, x, condition)
    times = jnp.asarray(times, x.dtype)
    if times.ndim != 1 or times.shape[0] == 0:
        raise ValueError(f"expected times of shape (times,); got {times.shape}. Give at least one.")
    if isinstance(times, Tracer):
        # Two are in order whatever they are, and a check would keep the program out of caches.
        if times.shape[0] <= 2:
            return x, times
        steps = jnp.diff(times)
        monotone = jnp.all(steps >= 0) | jnp.all(steps <= 0)
        return x, eqx.error_if(times, ~monotone, WRONG_ORDER)
    steps = np.diff(np.asarray(times))
    if not (np.all(steps >= 0) or np.all(steps <= 0)):
        raise ValueError(f"{WRONG_ORDER[:-1]}; got {np.asarray(times)}.")
    return x, times

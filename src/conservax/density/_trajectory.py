"""One component on a piecewise linear trajectory."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Condition, Time
from conservax.density._base import AbstractFactorizedDensity
from conservax.univariate import (
    KERNELS,
    AbstractKernelMixture,
    Kernel,
    checked_kernel,
    to_log_scale,
    to_raw_scale,
)


class Trajectory(AbstractFactorizedDensity):
    """Density prod_i f((x_i - c_i(t)) / s_i(t)) of one kernel on a piecewise linear trajectory.

    A `Mixture` of many, begun on cells that are coupled from snapshot to snapshot, is a population
    each component of which has its own trajectory. With `MixtureFlux(FactorizedFlux())`, (26) and
    (27) of [hua2025], it moves with its components: by little more than it must, where the coupling
    is optimal. Velocities jump at the knots.

    **Arguments:**

    - `knots`: rising times, shape `(knots,)`, at least two, before and after which the component rests.
      They are not trained.
    - `centre`: locations at those times, shape `(knots, dim)`, where training begins.
    - `scale`: of the kernel, one number or shape `(knots, dim)`, where training begins.
    - `kernel`, `min_scale`: see `Autoregressive`.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    knots: tuple[float, ...] = eqx.field(static=True)
    kernel: Kernel = eqx.field(static=True)
    min_scale: float = eqx.field(static=True)
    centre: Float[Array, "knots dim"]
    raw_scale: Float[Array, "knots dim"]

    def __init__(
        self,
        knots: ArrayLike,
        centre: ArrayLike,
        scale: ArrayLike,
        *,
        kernel: Kernel = "normal",
        min_scale: float = 1e-3,
    ):
        knots, centre = np.asarray(knots, float), np.asarray(centre, float)
        if knots.ndim != 1 or len(knots) < 2 or not np.all(np.diff(knots) > 0):
            raise ValueError(f"expected at least two knots that rise; got {knots}.")
        if centre.ndim != 2 or len(centre) != len(knots):
            raise ValueError(
                f"expected a centre of shape ({len(knots)}, dim), one location per knot; got "
                f"{centre.shape}."
            )
        self.dim, self.condition_dim, self.min_scale = centre.shape[1], 0, min_scale
        self.knots, self.kernel = tuple(knots.tolist()), checked_kernel(kernel)
        self.centre = jnp.asarray(centre)
        scales = np.broadcast_to(np.asarray(scale, float), centre.shape)
        self.raw_scale = jnp.asarray(to_raw_scale(scales, min_scale))

    def marginals(self, t: Time, condition: Condition = None) -> AbstractKernelMixture:
        """One kernel per coordinate."""
        del condition
        knots = jnp.asarray(self.knots, self.centre.dtype)
        between = jax.vmap(lambda values: jnp.interp(t, knots, values), in_axes=1)
        mean, raw_scale = between(self.centre)[:, None], between(self.raw_scale)[:, None]
        return KERNELS[self.kernel](
            jnp.zeros_like(mean), mean, to_log_scale(raw_scale, self.min_scale)
        )

"""A cost of being where no data are, at any time."""

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Point, PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows
from conservax.objective._collocation import draws


class StateCost(AbstractObjective):
    """State cost: the integral over t of E -log p(x) for x ~ rho_t, p the density of rows of all times, nats.

    It keeps the population, between observed times, where individuals of some time were seen, the idea of
    metric flow matching [kapusniak2024]: a path then bends along the data instead of cutting a corner. p
    is a kernel density of the rows of the batch, with the bandwidth of Scott's rule in units of x, and of the
    rows' `spread` where they have one.

    **Arguments:**

    - `points`: draws per step; by default as many as rows in the batch, at least 256.
    """

    points: int | None = eqx.field(static=True, default=None)
    name: ClassVar[str] = "state"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Estimate with the gradient through the draws."""
        found = draws(key, law, rows, self.points)
        count, dim = rows.x.shape
        bandwidth = count ** (-1 / (dim + 4))
        scale = jnp.full_like(rows.x, bandwidth)
        if rows.spread is not None:
            scale = bandwidth * rows.spread
        log_weight = 0.0 if rows.weight is None else jnp.log(rows.weight)

        def cost(x: Point) -> Scalar:
            offset = (x[None] - rows.x) / scale
            each = -0.5 * jnp.sum(offset**2, axis=1) - jnp.sum(jnp.log(scale), axis=1)
            normal = math.log(count) + 0.5 * dim * math.log(2 * math.pi)
            return normal - jax.nn.logsumexp(each + log_weight)

        return jnp.mean(jax.vmap(cost)(found.x))

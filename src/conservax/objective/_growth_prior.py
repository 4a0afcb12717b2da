"""Squared distance of the growth rate to a prior growth rate, as an objective."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows


class GrowthPrior(AbstractObjective):
    """Distance to a prior: the integral over t of E (r_t(x) - r_0)^2, r_0 the prior growth rate of a row.

    As `GrowthEnergy`, around a prior instead of around 0. A prior is known at rows alone: between
    two snapshots the rows of the nearer one stand for the population, at their locations.

    **Arguments:**

    - `times`: law times of the snapshots, in order. Rows are then taken at random times, each up to
      halfway to its neighbours and to the ends 0 and 1. None for rows of all times, which are taken
      at their own.
    """

    times: tuple[float, ...] | None = eqx.field(static=True, default=None)
    name: ClassVar[str] = "growth_prior"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Estimate from the rows; unbiased where all snapshots weigh the same.

        **Raises:** `ValueError` for rows without a prior.
        """
        if rows.growth is None:
            raise ValueError(
                "expected rows with growth, the prior of each; got none. Give Rows(growth=)."
            )
        t, length = rows.t, jnp.ones_like(rows.t)
        if self.times is not None:
            t, length = self._around(key, rows.t)
        rate = jax.vmap(law.growth)(t, rows.x, rows.condition)
        weight = length if rows.weight is None else rows.weight * length
        return jnp.mean(weight * (rate - rows.growth) ** 2)

    def _around(
        self, key: PRNGKey, t: Float[Array, " rows"]
    ) -> tuple[Float[Array, " rows"], Float[Array, " rows"]]:
        """A time for each row nearer to its snapshot than to others; span of these, over the mean."""
        times = jnp.asarray(self.times, t.dtype)
        edges = jnp.concatenate(
            [jnp.zeros(1, t.dtype), (times[1:] + times[:-1]) / 2, jnp.ones(1, t.dtype)]
        )
        nearest = jnp.searchsorted(edges[1:-1], t)
        span = jnp.diff(edges)[nearest]
        return edges[nearest] + span * jax.random.uniform(key, t.shape, t.dtype), span * len(times)

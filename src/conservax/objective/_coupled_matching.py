"""Coupled matching: a regression of velocities on pairs of coupled cells."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows

_LEAST = 0.01  # mean square speed, of pairs that move a tenth of a standard deviation in unit time


class CoupledMatching(AbstractObjective):
    """Coupled matching: the share of the motion of coupled pairs that the velocity does not explain.

    Pairs (x_a, x_b) are cells of neighbouring snapshots, coupled by optimal transport. On the straight
    line between them, at a random time, the velocity is compared with that of the pair
    [tong2024],

        E |velocity(t, x_t) - (x_b - x_a) / (t_b - t_a)|^2 / E |(x_b - x_a) / (t_b - t_a)|^2

    so that the value is 0 for velocities that follow every pair, 1 where nothing moves, and without units.
    Beside the likelihood the density stays exact; nothing is simulated.

    **Arguments:**

    - `robust`: let large errors count by their size, not by its square: for velocities with heavy tails, as
      of `KnotheRosenblatt` between modes, for which `conservax.fit` does.
    - `mass_penalty`: how `conservax.fit` is to couple cells: with births and deaths, at this cost times the
      Kullback-Leibler divergence of the masses, in squared standard deviations; None for couplings
      in which every cell keeps its mass.

    **Raises:** `ValueError` for a penalty that is not positive.
    """

    robust: bool = eqx.field(static=True, default=False)
    mass_penalty: float | None = eqx.field(static=True, default=None)
    name: ClassVar[str] = "matching"

    def __check_init__(self):
        if self.mass_penalty is not None and not 0 < self.mass_penalty < float("inf"):
            raise ValueError(f"expected a mass_penalty above 0; got {self.mass_penalty}.")

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Estimate from a pair for each row.

        **Raises:** `ValueError` for rows without pairs.
        """
        if rows.pair is None:
            raise ValueError(
                "expected rows with pairs of coupled cells; got none. Give Rows(pair=), as "
                "conservax.fit does for snapshots."
            )
        (before, after), (start, end) = rows.pair[..., 0].T, jnp.moveaxis(rows.pair[..., 1:], 1, 0)
        fraction = jax.random.uniform(key, before.shape, before.dtype)
        t = before + fraction * (after - before)
        x = start + fraction[:, None] * (end - start)
        aim = (end - start) / (after - before)[:, None]
        error = jax.vmap(law.velocity)(t, x, rows.condition) - aim
        square, scale = jnp.sum(error**2, axis=1), jnp.mean(jnp.sum(aim**2, axis=1))
        relative = square / jnp.maximum(scale, _LEAST)
        # Pseudo-Huber: a half of the square near 0, so twice it.
        return jnp.mean(2 * (jnp.sqrt(1 + relative) - 1) if self.robust else relative)

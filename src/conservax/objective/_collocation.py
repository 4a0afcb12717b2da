"""Collocation points, and exact draws from the law at stratified times in [0, 1]."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import PRNGKey
from conservax.field import AbstractDomain, check_domain
from conservax.law import ConservationLaw
from conservax.objective._base import Rows
from conservax.objective._devices import split_over_devices

FEWEST = 256  # so that estimates on small validation sets have little variance


class Draws(NamedTuple):
    """Keys, times and conditions, for one draw from a law each."""

    keys: PRNGKey
    t: Float[Array, " draws"]
    condition: Float[Array, "draws condition_dim"] | None


def stratified_draws(key: PRNGKey, rows: Rows, count: int | None) -> Draws:
    """Stratified draws: `count` of them, one in each of as many slices of time; by default as many as rows.

    Stratified times estimate the integral over t with less noise than uniform ones. Conditions
    are picked from those of the rows.
    """
    count = max(len(rows.t), FEWEST) if count is None else count
    time_key, sample_key, pick_key = jax.random.split(key, 3)
    offset = jax.random.uniform(time_key, (count,), rows.x.dtype)
    t = (jnp.arange(count, dtype=rows.x.dtype) + offset) / count
    condition = rows.condition
    if condition is not None:
        condition = condition[jax.random.randint(pick_key, (count,), 0, len(rows.t))]
    found = Draws(jax.random.split(sample_key, count), t, condition)
    return split_over_devices(found, count)


def draws(key: PRNGKey, law: ConservationLaw, rows: Rows, count: int | None) -> Rows:
    """Stratified draws from the law, with their pathwise gradient."""
    at = stratified_draws(key, rows, count)
    return Rows(at.t, jax.vmap(law.sample)(*at), at.condition)


class CollocationPoints(eqx.Module):
    """Collocation points: spread evenly over a domain and times, new ones at every step.

    **Arguments:**

    - `domain`, `dim`: where, and in how many coordinates.
    - `count`: points per step.
    - `until`: times lie in [0, until].
    """

    domain: AbstractDomain
    dim: int = eqx.field(static=True)
    count: int = eqx.field(static=True)
    until: float = eqx.field(static=True, default=1.0)

    def __check_init__(self):
        check_domain(self.domain)
        if self.dim < 1 or self.count < 1 or not 0 < self.until < float("inf"):
            raise ValueError(
                "expected dim and count of at least 1 and a finite until > 0; got "
                f"{self.dim}, {self.count} and {self.until}."
            )

    def __call__(self, key: PRNGKey) -> tuple[Float[Array, " points"], Float[Array, "points dim"]]:
        """Times, one in each of as many slices of [0, until], and points."""
        time_key, point_key = jax.random.split(key)
        t = (jnp.arange(self.count) + jax.random.uniform(time_key, (self.count,))) / self.count
        keys = jax.random.split(point_key, self.count)
        return self.until * t, jax.vmap(lambda key: self.domain.sample(key, self.dim))(keys)

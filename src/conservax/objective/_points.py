"""Points to average over: exact draws from the law, at times spread evenly over [0, 1]."""

import jax
import jax.numpy as jnp

from conservax._types import PRNGKey
from conservax.law import ConservationLaw
from conservax.objective._base import Rows


def draws(key: PRNGKey, law: ConservationLaw, rows: Rows, count: int | None) -> Rows:
    """`count` draws, one in each of as many slices of time; by default as many as rows.

    Stratified times estimate the integral over t with less noise than uniform ones. Positions
    keep their pathwise gradient. Where rows are few (a validation set), 256 draws keep the
    estimate from jumping about. Conditions are those of the rows, in turn.
    """
    count = max(len(rows.t), 256) if count is None else count
    time_key, sample_key, order_key = jax.random.split(key, 3)
    offset = jax.random.uniform(time_key, (count,), rows.x.dtype)
    t = (jnp.arange(count, dtype=rows.x.dtype) + offset) / count
    condition = None
    if rows.condition is not None:
        chosen = jax.random.randint(order_key, (count,), 0, len(rows.t))
        condition = rows.condition[chosen]
    keys = jax.random.split(sample_key, count)
    return Rows(t, jax.vmap(law.sample)(keys, t, condition), condition)

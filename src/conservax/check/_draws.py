"""Points of a law at random times, at which it is checked."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._programs import program
from conservax._types import PRNGKey
from conservax.law import ConservationLaw

LawPoints = tuple[
    Float[Array, " rows"], Float[Array, "rows dim"], Float[Array, "rows condition_dim"] | None
]


def law_dtype(law: ConservationLaw) -> jnp.dtype:
    """Dtype of the law's parameters; that of `jax` itself where it has none."""
    leaves = [leaf for leaf in jax.tree.leaves(law) if eqx.is_inexact_array(leaf)]
    return jnp.result_type(*leaves) if leaves else jnp.result_type(float)


@program(effort="least")
def draw_rows(
    law: ConservationLaw,
    key: PRNGKey,
    times: Float[Array, " rows"],
    conditions: Float[Array, "conditions condition_dim"] | None,
) -> LawPoints:
    """A point from rho_t for every time, each with a condition picked from `conditions`."""
    pick, draw = jax.random.split(key)
    if conditions is not None:
        conditions = conditions[jax.random.randint(pick, times.shape, 0, conditions.shape[0])]
    keys = jax.random.split(draw, times.shape[0])
    return times, jax.vmap(law.sample)(keys, times, conditions), conditions


def generator(key: PRNGKey) -> np.random.Generator:
    """NumPy's generator with the seed of a key: for a few draws, for which nothing is compiled."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


def random_times(key: PRNGKey, count: int, law: ConservationLaw) -> Float[np.ndarray, " rows"]:
    """Times spread evenly over [0, 1], in random order."""
    rng = generator(key)
    return rng.permutation((np.arange(count) + rng.uniform(size=count)) / count).astype(
        law_dtype(law)
    )

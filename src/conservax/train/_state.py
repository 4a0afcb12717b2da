"""State of a training run at one step, as one tree of arrays."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from conservax._types import PRNGKey, PyTree


class TrainState(eqx.Module):
    """Parameters, their running mean, the optimiser, the random key, and the best law so far.

    A run resumes bit for bit from its state. `best` is the running mean that had the lowest
    objective on the validation rows; `stale` counts the steps since.
    """

    params: PyTree
    average: PyTree
    optimiser: PyTree
    key: PRNGKey
    step: Int[Array, ""]
    best: PyTree
    best_loss: Float[Array, ""]
    stale: Int[Array, ""]


def initial_state(
    key: PRNGKey, law: eqx.Module, optimiser: optax.GradientTransformation
) -> TrainState:
    """The state before the first step."""
    params = parameters(law)
    dtype = jax.tree.leaves(params)[0].dtype
    return TrainState(
        params=params,
        average=params,
        optimiser=optimiser.init(params),
        key=key,
        step=jnp.zeros((), jnp.int32),
        best=params,
        best_loss=jnp.full((), jnp.inf, dtype),
        stale=jnp.zeros((), jnp.int32),
    )


def parameters(law: eqx.Module) -> PyTree:
    """The trainable part of a law: its floating arrays."""
    return eqx.filter(law, eqx.is_inexact_array)


def with_parameters(law: eqx.Module, params: PyTree) -> Any:
    """The law with other parameters."""
    return eqx.combine(params, without_parameters(law))


def without_parameters(law: eqx.Module) -> PyTree:
    """The law without its trainable part."""
    return eqx.filter(law, eqx.is_inexact_array, inverse=True)

"""State of a training run at one step, as one tree of arrays.

Parameters are one vector, of which the law is made where it is evaluated: what is done with each of
them alike, as in the optimiser, is compiled once, not once for each array of the law.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer
from jaxtyping import Array, Float, Int

from conservax._types import PRNGKey, PyTree


class TrainState(eqx.Module):
    """Parameters, their running mean, the optimiser, the random key, and the best law so far.

    Parameters are flat, as from `flattened`. A run resumes bit for bit from its state. `best` is the running mean that had the lowest
    objective on the validation rows; `stale` counts the steps since.
    """

    params: Float[Array, " parameters"]
    average: Float[Array, " parameters"]
    optimiser: PyTree
    key: PRNGKey
    step: Int[Array, ""]
    best: Float[Array, " parameters"]
    best_loss: Float[Array, ""]
    stale: Int[Array, ""]


def initial_state(
    key: PRNGKey, law: eqx.Module, optimiser: optax.GradientTransformation
) -> TrainState:
    """The state before the first step."""
    params = parameters(law)
    flat = jnp.asarray(flattened(params))
    return TrainState(
        params=flat,
        average=flat,
        optimiser=optimiser.init(params),
        key=key,
        step=jnp.zeros((), jnp.int32),
        best=flat,
        best_loss=jnp.full((), jnp.inf, flat.dtype),
        stale=jnp.zeros((), jnp.int32),
    )


def parameters(law: eqx.Module) -> PyTree:
    """The trainable part of a law: its floating arrays."""
    return eqx.filter(law, eqx.is_inexact_array)


def shapes(tree: PyTree) -> PyTree:
    """Shapes and dtypes of the arrays of a tree, for `unflattened`."""
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)


def flattened(tree: PyTree) -> np.ndarray | Array:
    """All numbers of a tree as one vector: a NumPy one, unless they are traced."""
    leaves = jax.tree.leaves(tree)
    module = jnp if any(isinstance(leaf, Tracer) for leaf in leaves) else np
    return module.concatenate([module.ravel(leaf) for leaf in leaves])


def unflattened(shapes: PyTree, flat: np.ndarray | Array) -> PyTree:
    """The tree of these shapes with the numbers of a vector."""
    leaves, structure = jax.tree.flatten(shapes)
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1].tolist()
    parts = (np if isinstance(flat, np.ndarray) else jnp).split(flat, ends)
    found = [p.reshape(s.shape).astype(s.dtype) for p, s in zip(parts, leaves, strict=True)]
    return jax.tree.unflatten(structure, found)


def with_parameters(law: eqx.Module, flat: np.ndarray) -> Any:
    """The law with other parameters, from a vector."""
    params = unflattened(shapes(parameters(law)), flat)
    return eqx.combine(jax.device_put(params), without_parameters(law))


def without_parameters(law: eqx.Module) -> PyTree:
    """The law without its trainable part."""
    return eqx.filter(law, eqx.is_inexact_array, inverse=True)

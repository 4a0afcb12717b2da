"""A training state on disk: arrays and plain JSON, replaced in one move."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load, save

from conservax._files import SealError, read_sealed, write_sealed
from conservax._types import PyTree


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or that belongs to another run."""


def save_tree(path: Path, tree: PyTree, form: PyTree) -> None:
    """Store the arrays of a tree under their paths in it, and the form of another."""
    arrays = {name: _to_numpy(leaf) for name, leaf in _named(tree)}
    write_sealed(path, save(arrays | _described(form)))


def load_tree(path: Path, like: PyTree, form: PyTree) -> PyTree:
    """The stored arrays in the shape of `like`.

    **Raises:** `CheckpointError` if the file is damaged, or neither its arrays nor the form fit.
    """
    try:
        stored = load(read_sealed(path))
    except (SealError, OSError) as error:
        raise CheckpointError(
            f"{path}: damaged, or not a checkpoint of this version ({error}). Start the run again."
        ) from error
    named = _named(like)
    expected = {name: _form(_to_numpy(leaf)) for name, leaf in named} | {
        name: _form(array) for name, array in _described(form).items()
    }
    got = {name: _form(array) for name, array in stored.items()}
    if expected != got:
        differing = sorted(set(expected.items()) ^ set(got.items()))[:3]
        raise CheckpointError(
            f"{path}: the checkpoint belongs to another run, or to an earlier version; arrays differ, "
            f"first {differing}. Start the run again in a folder of its own."
        )
    leaves = [_like(stored[name], leaf) for name, leaf in named]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def _described(form: PyTree) -> dict[str, np.ndarray]:
    """An empty array for each of the tree, whose shape is that of the one and a last 0."""
    return {
        f"law{jax.tree_util.keystr(path)}": np.zeros((*leaf.shape, 0), leaf.dtype)
        for path, leaf in jax.tree_util.tree_flatten_with_path(form)[0]
    }


def _form(array: np.ndarray) -> tuple[str, tuple[int, ...]]:
    return str(array.dtype), array.shape


def _named(tree: PyTree) -> list[tuple[str, jax.Array]]:
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in paths]


def _is_key(leaf: jax.Array) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _to_numpy(leaf: jax.Array) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _like(array: np.ndarray, leaf: jax.Array) -> jax.Array:
    return jax.random.wrap_key_data(jnp.asarray(array)) if _is_key(leaf) else jnp.asarray(array)

"""Functions of one point applied to many rows: compiled once, in chunks of bounded size."""

from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np

from conservax._programs import LONG as CHUNK
from conservax._programs import padded_length, program


def _apply(function: Callable, *columns):
    return jax.vmap(function)(*columns)


KEPT = 32  # functions of a model: its density, velocity, draws ...
MANY = 16 * CHUNK  # rows, whose time is above that of compilation
_apply_to_few, _apply_to_many = program(KEPT)(_apply), program(KEPT, effort="most")(_apply)


def over_rows(function: Callable, *columns: np.ndarray | jax.Array) -> np.ndarray:
    """`function` of every row, as a NumPy array.

    Chunks are padded to one of a few lengths, so that tables of many lengths share one compilation.
    `function` is a tree (a `jax.tree_util.Partial` or a module): laws in it are arguments, not
    constants, of the compiled code.
    """
    count = len(columns[0])
    apply = _apply_to_few if count < MANY else _apply_to_many
    results = []
    for start in range(0, max(count, 1), CHUNK):
        chunk = [column[start : start + CHUNK] for column in columns]
        length = len(chunk[0])
        index = np.minimum(np.arange(padded_length(length)), max(length - 1, 0))
        result = apply(function, *(column[index] for column in chunk)) if length else None
        if result is not None:
            results.append(np.asarray(result)[:length])
    if not results:
        empty = eqx.filter_eval_shape(_apply, function, *columns)
        return np.zeros(empty.shape, empty.dtype)
    return np.concatenate(results)

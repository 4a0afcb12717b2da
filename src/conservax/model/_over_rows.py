"""Functions of one point applied to many rows: compiled once, in chunks of bounded size."""

from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np

from conservax._programs import LONG as CHUNK
from conservax._programs import padded_length, program


@program(keep=32)  # functions of a model: its density, velocity, draws ...
def _apply(function: Callable, *columns):
    return jax.vmap(function)(*columns)


def over_rows(function: Callable, *columns: np.ndarray | jax.Array) -> np.ndarray:
    """`function` of every row, as a NumPy array.

    Chunks are padded to one of a few lengths, so that tables of many lengths share one compilation.
    `function` is a tree (a `jax.tree_util.Partial` or a module): laws in it are arguments, not
    constants, of the compiled code.
    """
    count = len(columns[0])
    results = []
    for start in range(0, max(count, 1), CHUNK):
        chunk = [column[start : start + CHUNK] for column in columns]
        length = len(chunk[0])
        index = np.minimum(np.arange(padded_length(length)), max(length - 1, 0))
        result = _apply(function, *(column[index] for column in chunk)) if length else None
        if result is not None:
            results.append(np.asarray(result)[:length])
    if not results:
        empty = eqx.filter_eval_shape(_apply, function, *columns)
        return np.zeros(empty.shape, empty.dtype)
    return np.concatenate(results)

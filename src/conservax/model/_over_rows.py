"""Functions of one point applied to many rows: compiled once, in blocks of bounded memory."""

from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np

from conservax._programs import program

BLOCK = 8192


@program(keep=32)  # what is asked of a model: its density, velocity, draws ...
def _apply(function: Callable, *columns):
    return jax.vmap(function)(*columns)


def over_rows(function: Callable, *columns: np.ndarray | jax.Array) -> np.ndarray:
    """`function` of every row, as a NumPy array.

    Blocks are padded to a power of two, so that tables of many lengths share one compilation.
    `function` is a tree (a `jax.tree_util.Partial` or a module): laws in it are arguments, not
    constants, of the compiled code.
    """
    count = len(columns[0])
    pieces = []
    for start in range(0, max(count, 1), BLOCK):
        block = [column[start : start + BLOCK] for column in columns]
        length = len(block[0])
        padded = min(BLOCK, 1 << max(length - 1, 0).bit_length())
        index = np.minimum(np.arange(padded), max(length - 1, 0))
        result = _apply(function, *(column[index] for column in block)) if length else None
        if result is not None:
            pieces.append(np.asarray(result)[:length])
    if not pieces:
        empty = eqx.filter_eval_shape(_apply, function, *columns)
        return np.zeros(empty.shape, empty.dtype)
    return np.concatenate(pieces)

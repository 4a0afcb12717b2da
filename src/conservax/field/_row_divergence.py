"""The row divergence of an antisymmetric matrix field, and antisymmetric matrices from entries."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Point, Vector

Matrix = Float[Array, "dim dim"]


def antisymmetric(entries: Float[Array, " entries"], dim: int) -> Matrix:
    """The antisymmetric matrix with these entries above its diagonal, row by row.

    **Raises:** `ValueError` while tracing, for dim < 2 or another number of entries than
    dim (dim - 1) / 2.
    """
    check_dim(dim)
    expected = (dim * (dim - 1) // 2,)
    if entries.shape != expected:
        raise ValueError(
            f"expected entries of shape {expected} in {dim} dimensions; got {entries.shape}. "
            "A matrix field needs a network of dim (dim - 1) / 2 outputs."
        )
    upper = jnp.zeros((dim, dim), entries.dtype).at[np.triu_indices(dim, 1)].set(entries)
    return upper - upper.T


def row_divergence(matrix: Callable[[Point], Matrix], x: Point) -> Vector:
    """Row divergence sum_j d_j A_ij at x, without divergence if A is antisymmetric [richterpowell2022, (4)].

    One forward-mode pass per column, and of each only that column is kept. A is a function of x
    alone, shape `(dim,)`, to shape `(dim, dim)`.
    """
    _check_output(matrix, x, (x.shape[0], x.shape[0]), "a matrix")

    def column(direction):
        return jax.jvp(matrix, (x,), (direction,))[1] @ direction

    return jnp.sum(jax.vmap(column)(jnp.eye(x.shape[0], dtype=x.dtype)), axis=0)


def vector_row_divergence(potential: Callable[[Point], Vector], x: Point) -> Vector:
    """`row_divergence` of J_b - J_b^T for a vector field b [richterpowell2022, (7)], shape `(dim,)`.

    It is laplacian b - grad div b: dim second derivatives and the gradient of one number, where
    the matrix would take dim^2 passes.
    """
    _check_output(potential, x, x.shape, "a vector")

    def second(direction):
        first = lambda x: jax.jvp(potential, (x,), (direction,))[1]  # noqa: E731
        return jax.jvp(first, (x,), (direction,))[1]

    laplacian = jnp.sum(jax.vmap(second)(jnp.eye(x.shape[0], dtype=x.dtype)), axis=0)
    return laplacian - jax.grad(lambda x: jnp.trace(jax.jacfwd(potential)(x)))(x)


def check_dim(dim: int) -> None:
    """Refuse dim < 2: on a line only constants have no divergence.

    **Raises:** `ValueError`.
    """
    if dim < 2:
        raise ValueError(f"a divergence-free part needs dim >= 2; got {dim}. Leave it out.")


def _check_output(function: Callable, x: Point, expected: tuple[int, ...], kind: str) -> None:
    check_dim(x.shape[0])
    got = jax.eval_shape(function, x).shape
    if got != expected:
        raise ValueError(
            f"expected {kind} of shape {expected} at a point of shape {x.shape}; got {got}. "
            "Change the width of the output."
        )

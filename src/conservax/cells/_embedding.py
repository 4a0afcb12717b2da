"""Velocities and positions of a model projected to an embedding of its cells, such as a UMAP."""

import numpy as np
from jaxtyping import Float

from conservax.cells._neighbours import neighbours

MOST_LANDMARKS = 50_000
_NEIGHBOURS, _PER_DIM = 30, 3  # neighbours in all, or so many per coordinate where these are many
_RIDGE = 1e-3


class Embedding:
    """A map from standardised positions to an embedding, known at the cells alone.

    Around each position it is taken to be affine: the least-squares fit to the nearest cells, nearer
    ones counting more, with a ridge of a thousandth of their mean variance. That is exact where
    the embedding is linear, as principal components are; a UMAP tears some neighbours apart, and
    there velocities are averages over what was torn. Neighbours are looked for among at most
    50 000 cells.
    """

    def __init__(self, x: Float[np.ndarray, "cells dim"], y: Float[np.ndarray, "cells two"]):
        chosen = np.random.default_rng(0).permutation(len(x))[:MOST_LANDMARKS]
        self._x, self._y = np.asarray(x[chosen], float), np.asarray(y[chosen], float)
        self._count = max(_NEIGHBOURS, _PER_DIM * x.shape[1])

    def velocity(
        self, x: Float[np.ndarray, "rows dim"], velocity: Float[np.ndarray, "rows dim"]
    ) -> Float[np.ndarray, "rows two"]:
        """Velocities at x, in units of the embedding per unit of time."""
        result = np.empty((len(x), self._y.shape[1]))
        for rows, nearest, weight in neighbours(x, self._x, self._count):
            slope = self._slope(nearest, weight)
            result[rows] = np.einsum("ni,nij->nj", velocity[rows], slope)
        return result

    def project(self, x: Float[np.ndarray, "rows dim"]) -> Float[np.ndarray, "rows two"]:
        """Positions in the embedding: the mean of the cells around."""
        result = np.empty((len(x), self._y.shape[1]))
        for rows, nearest, weight in neighbours(x, self._x, 5):
            result[rows] = np.einsum("nk,nkj->nj", weight, self._y[nearest])
        return result

    def _slope(self, nearest: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The matrix of each fit, shape `(chunk, dim, two)`."""
        x, y = self._x[nearest], self._y[nearest]
        x = x - np.einsum("nk,nki->ni", weight, x)[:, None]
        y = y - np.einsum("nk,nkj->nj", weight, y)[:, None]
        square = np.einsum("nk,nki,nkj->nij", weight, x, x, optimize=True)
        dim = square.shape[-1]
        ridge = _RIDGE * np.trace(square, axis1=1, axis2=2) / dim + np.finfo(float).tiny
        square += ridge[:, None, None] * np.eye(dim)
        return np.linalg.solve(square, np.einsum("nk,nki,nkj->nij", weight, x, y, optimize=True))

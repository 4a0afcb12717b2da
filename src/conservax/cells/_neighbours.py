"""Nearest neighbours of many points, a chunk at a time, and their kernel weights."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

_CHUNK = 2**22  # numbers held at once


class Neighbours(NamedTuple):
    """Nearest neighbours of a chunk of points.

    `weight` falls with the distance as a Gaussian whose width is the distance of the farthest of
    them; the weights of a point add up to one.
    """

    rows: slice
    nearest: Int[np.ndarray, "chunk count"]
    weight: Float[np.ndarray, "chunk count"]


def neighbours(
    points: Float[np.ndarray, "rows dim"], among: Float[np.ndarray, "others dim"], count: int
) -> Iterator[Neighbours]:
    """The `count` nearest `among` others of every point, or all of them if there are fewer."""
    from sklearn.neighbors import NearestNeighbors

    count = min(count, len(among))
    tree = NearestNeighbors(n_neighbors=count).fit(among)
    chunk = max(1, _CHUNK // (count * points.shape[1]))
    for start in range(0, len(points), chunk):
        rows = slice(start, min(start + chunk, len(points)))
        distance, nearest = tree.kneighbors(points[rows])
        width = np.maximum(distance[:, -1:], np.finfo(float).tiny)
        weight = np.exp(-0.5 * (distance / width) ** 2)
        yield Neighbours(rows, nearest, weight / weight.sum(1, keepdims=True))

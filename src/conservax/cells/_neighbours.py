"""Nearest neighbours of many points, a block at a time, and how they share each point."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from sklearn.neighbors import NearestNeighbors

_BLOCK = 2**22  # numbers held at once


class Shared(NamedTuple):
    """Neighbours of a block of points.

    `share` falls with the distance as a Gaussian whose width is the distance of the farthest of
    them; the shares of a point add up to one.
    """

    rows: slice
    nearest: Int[np.ndarray, "block count"]
    share: Float[np.ndarray, "block count"]


def neighbours(
    points: Float[np.ndarray, "rows dim"], among: Float[np.ndarray, "others dim"], count: int
) -> Iterator[Shared]:
    """The `count` nearest `among` others of every point, or all of them if there are fewer."""
    count = min(count, len(among))
    tree = NearestNeighbors(n_neighbors=count).fit(among)
    block = max(1, _BLOCK // (count * points.shape[1]))
    for start in range(0, len(points), block):
        rows = slice(start, min(start + block, len(points)))
        away, nearest = tree.kneighbors(points[rows])
        width = np.maximum(away[:, -1:], np.finfo(float).tiny)
        share = np.exp(-0.5 * (away / width) ** 2)
        yield Shared(rows, nearest, share / share.sum(1, keepdims=True))

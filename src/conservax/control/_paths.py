"""Paths of a roll-out: collisions with obstacles and homotopy classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from conservax.control._boundaries import Points
from conservax.control._obstacles import AbstractObstacles

_PIECES = 32  # of a segment that comes near to a shape
_MIN_FRACTION = 0.01  # of the paths in a homotopy class that counts


@dataclass(frozen=True)
class Paths:
    """Sampled paths: positions `x`, shape `(paths, times, dim)`, at `times`, in the units of the problem."""

    times: Float[np.ndarray, " times"]
    x: Float[np.ndarray, "paths times dim"]


def collisions(
    obstacles: Sequence[AbstractObstacles], x: Float[np.ndarray, "paths times dim"]
) -> Bool[np.ndarray, " paths"]:
    """Detect which paths touch a shape anywhere, segments between their points included.

    A signed distance changes by at most the distance travelled, so segments between points that are
    far from every shape are free of collisions. The others are checked in 32 pieces.
    """
    collided = np.zeros(len(x), bool)
    length = np.linalg.norm(np.diff(x, axis=1), axis=-1)
    for shapes in obstacles:
        distance = _distances(shapes, x.reshape(-1, x.shape[-1])).min(axis=1).reshape(x.shape[:2])
        collided |= (distance <= 0).any(axis=1)
        near = distance[:, :-1] + distance[:, 1:] <= length
        path, step = np.nonzero(near & ~collided[:, None])
        fraction = np.linspace(0, 1, _PIECES + 1)[1:-1, None, None]
        inner = (1 - fraction) * x[path, step] + fraction * x[path, step + 1]
        depth = _distances(shapes, inner.reshape(-1, x.shape[-1])).min(axis=1)
        collided[path[(depth.reshape(inner.shape[:2]) <= 0).any(axis=0)]] = True
    return collided


def _distances(shapes: AbstractObstacles, x: Points) -> Float[np.ndarray, "rows shapes"]:
    return np.asarray(jax.jit(jax.vmap(shapes.signed_distances))(jnp.asarray(x)))


def homotopy_classes(
    obstacles: Sequence[AbstractObstacles], x: Float[np.ndarray, "paths times dim"]
) -> Int[np.ndarray, "paths shapes"] | None:
    """Winding number of each path around the centre of each shape, relative to the straight line.

    Two paths with the same numbers are in one homotopy class (in the plane, up to the order of
    turns). All are closed by lines from the mean start and to the mean end. None where shapes are
    not in the plane.
    """
    flat = [shapes.centres() for shapes in obstacles if shapes.dim == 2]
    if not flat or x.shape[-1] != 2:
        return None
    centres = np.concatenate(flat)
    mean = x.mean(axis=0)
    endpoints = np.broadcast_to(mean[[0, -1]], (len(x), 2, 2))
    closed = np.concatenate([endpoints[:, :1], x, endpoints[:, 1:]], axis=1)
    turns = [_angle(closed - c) - _angle(mean[[0, -1]][None] - c) for c in centres]
    return np.rint(np.stack(turns, axis=1) / (2 * np.pi)).astype(int)


def _angle(x: Float[np.ndarray, "paths points 2"]) -> Float[np.ndarray, " paths"]:
    """Total angle through which a path turns around the origin."""
    angle = np.arctan2(x[..., 1], x[..., 0])
    step = np.diff(angle, axis=1)
    return np.sum((step + np.pi) % (2 * np.pi) - np.pi, axis=1)


def homotopy_classes_used(classes: Int[np.ndarray, "paths shapes"] | None) -> int | None:
    """Number of homotopy classes that hold at least 1 % of the paths."""
    if classes is None:
        return None
    _, counts = np.unique(classes, axis=0, return_counts=True)
    return int(np.sum(counts >= _MIN_FRACTION * len(classes)))

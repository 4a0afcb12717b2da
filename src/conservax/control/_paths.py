"""Paths of a roll-out: where they hit something, which ways they take."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from conservax.control._boundaries import Points
from conservax.control._obstacles import AbstractObstacles

_CUTS = 32  # pieces of a segment that comes near to a shape
_USED = 0.01  # least share of the paths that makes a way


@dataclass(frozen=True)
class Paths:
    """Positions `x`, shape `(paths, times, dim)`, at `times`, shape `(times,)`, in the problem's units."""

    times: Float[np.ndarray, " times"]
    x: Float[np.ndarray, "paths times dim"]


def collisions(
    obstacles: Sequence[AbstractObstacles], x: Float[np.ndarray, "paths times dim"]
) -> Bool[np.ndarray, " paths"]:
    """Which paths touch a shape anywhere, straight lines between their points included.

    A signed distance changes by no more than the distance gone: segments between points too far
    from every shape are clear for certain. The others are looked at in 32 pieces.
    """
    hit = np.zeros(len(x), bool)
    length = np.linalg.norm(np.diff(x, axis=1), axis=-1)
    for shapes in obstacles:
        distance = _distances(shapes, x.reshape(-1, x.shape[-1])).min(axis=1).reshape(x.shape[:2])
        hit |= (distance <= 0).any(axis=1)
        near = distance[:, :-1] + distance[:, 1:] <= length
        path, step = np.nonzero(near & ~hit[:, None])
        share = np.linspace(0, 1, _CUTS + 1)[1:-1, None, None]
        inner = (1 - share) * x[path, step] + share * x[path, step + 1]
        depth = _distances(shapes, inner.reshape(-1, x.shape[-1])).min(axis=1)
        hit[path[(depth.reshape(inner.shape[:2]) <= 0).any(axis=0)]] = True
    return hit


def _distances(shapes: AbstractObstacles, x: Points) -> Float[np.ndarray, "rows shapes"]:
    return np.asarray(jax.jit(jax.vmap(shapes.signed_distances))(jnp.asarray(x)))


def homotopy_classes(
    obstacles: Sequence[AbstractObstacles], x: Float[np.ndarray, "paths times dim"]
) -> Int[np.ndarray, "paths shapes"] | None:
    """How often each path goes round the middle of each shape, counted from the straight line.

    Two paths with the same numbers are of one homotopy class (in the plane, up to the order of
    turns). All are closed by lines from the mean start and to the mean end. None where shapes are
    not in the plane.
    """
    flat = [shapes.centres() for shapes in obstacles if shapes.dim == 2]
    if not flat or x.shape[-1] != 2:
        return None
    centres = np.concatenate(flat)
    mean = x.mean(axis=0)
    ends = np.broadcast_to(mean[[0, -1]], (len(x), 2, 2))
    closed = np.concatenate([ends[:, :1], x, ends[:, 1:]], axis=1)
    turns = [_swept(closed - c) - _swept(mean[[0, -1]][None] - c) for c in centres]
    return np.rint(np.stack(turns, axis=1) / (2 * np.pi)).astype(int)


def _swept(away: Float[np.ndarray, "paths points 2"]) -> Float[np.ndarray, " paths"]:
    """The angle through which a path turns, seen from the origin."""
    angle = np.arctan2(away[..., 1], away[..., 0])
    step = np.diff(angle, axis=1)
    return np.sum((step + np.pi) % (2 * np.pi) - np.pi, axis=1)


def homotopy_classes_used(turns: Int[np.ndarray, "paths shapes"] | None) -> int | None:
    """How many classes at least a hundredth of the paths takes."""
    if turns is None:
        return None
    _, counts = np.unique(turns, axis=0, return_counts=True)
    return int(np.sum(counts >= _USED * len(turns)))

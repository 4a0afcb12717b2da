"""Integrals of rough functions over the line and the plane, with an error that was measured."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

NODES, WEIGHTS = np.polynomial.legendre.leggauss(6)
CROWD = 16  # a box with more landmarks is halved whatever it holds
DEEPEST = 30  # halvings of an axis
BUDGET = 1 << 21  # points an integral; rough laws in the plane take a tenth

Points = Float[np.ndarray, "points dim"]
Boxes = Float[np.ndarray, "boxes 2 dim"]  # lower and upper corners


class Integral(NamedTuple):
    """An integral, and the change that the last refinement made to it."""

    value: float
    error: float


def integrate(
    function: Callable[[Points], Float[np.ndarray, " points"]],
    landmarks: Points,
    tolerance: float,
) -> Integral:
    """Integral over three times the range of the landmarks, by Gauss-Legendre on halved boxes.

    Every round halves the boxes in every direction. Those are done that hold few landmarks and that
    this changes least, as many as together stay below their share of the tolerance. The halves are
    far better than the change says: the error is overstated, not hidden.

    **Arguments:**

    - `function`: takes points of shape `(points, dim)`.
    - `landmarks`: points that lie thickest where the function is narrowest, out into its tails:
      what lies between the nodes of a large box would be missed without a trace.
    - `tolerance`: absolute.
    """
    dim = landmarks.shape[1]
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    low, high = 2 * low - high, 2 * high - low
    boxes = np.stack([low, high])[None]
    coarse = _box_integrals(function, boxes)
    value = error = 0.0
    spent = level = 0
    while boxes.shape[0]:
        level += 1
        halves = _halves(boxes)
        fine = _box_integrals(function, halves).reshape(2**dim, -1)
        spent += fine.size * NODES.size**dim
        change = np.abs(np.sum(fine, axis=0) - coarse)
        crowded = _crowded((landmarks - low) / (high - low), boxes, low, high, level - 1)
        # The crowded come last, and one that is not a number last of all.
        order = np.lexsort([change, crowded])
        done = np.empty(change.shape, bool)
        done[order] = np.cumsum(change[order]) <= tolerance / DEEPEST
        done = (done & ~crowded) | (spent > BUDGET) | (level >= DEEPEST)
        value += float(np.sum(fine[:, done]))
        error += float(np.sum(change[done]))
        boxes = halves.reshape(2**dim, -1, 2, dim)[:, ~done].reshape(-1, 2, dim)
        coarse = fine[:, ~done].ravel()
    return Integral(value, error)


def _crowded(
    landmarks: Points, boxes: Boxes, low: np.ndarray, high: np.ndarray, level: int
) -> Bool[np.ndarray, " boxes"]:
    """Which boxes hold more than a few landmarks (given in units of the whole domain)."""
    cells = 2**level
    middle = (boxes.mean(axis=1) - low) / (high - low)
    stride = cells ** np.arange(landmarks.shape[1])
    codes, counts = np.unique((landmarks * cells).astype(np.int64) @ stride, return_counts=True)
    return np.isin((middle * cells).astype(np.int64) @ stride, codes[counts > CROWD])


def _halves(boxes: Boxes) -> Boxes:
    """All first halves, then all second halves, axis by axis: shape `(2^dim boxes, 2, dim)`."""
    for axis in range(boxes.shape[2]):
        middle = boxes[:, :, axis].mean(axis=1)
        first, second = boxes.copy(), boxes.copy()
        first[:, 1, axis] = second[:, 0, axis] = middle
        boxes = np.concatenate([first, second])
    return boxes


def _box_integrals(function: Callable, boxes: Boxes) -> Float[np.ndarray, " boxes"]:
    dim = boxes.shape[2]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*[NODES] * dim, indexing="ij")], axis=-1)
    weights = np.prod([axis.ravel() for axis in np.meshgrid(*[WEIGHTS] * dim)], axis=0)
    middle = boxes.mean(axis=1)
    half = 0.5 * (boxes[:, 1] - boxes[:, 0])
    points = middle[:, None] + half[:, None] * grid
    values = function(points.reshape(-1, dim)).reshape(boxes.shape[0], -1)
    return np.prod(half, axis=1) * (values @ weights)

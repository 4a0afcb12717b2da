"""Integrals of rough functions over the line, with an error that was measured."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

NODES, WEIGHTS = np.polynomial.legendre.leggauss(6)
DEEPEST = 40  # halvings
BUDGET = 1 << 15  # points per integral; rough laws take a tenth

Points = Float[np.ndarray, " points"]
Intervals = Float[np.ndarray, "intervals 2"]


class Integral(NamedTuple):
    """An integral, and the change that the last halving made to it."""

    value: float
    error: float


def integrate(
    function: Callable[[Points], Points],
    guide: Callable[[Points], Points],
    low: float,
    high: float,
    *,
    tolerance: float,
) -> Integral:
    """Integral of `function` from low to high, by Gauss-Legendre on halved intervals.

    Every round halves the intervals. Those are done that this changes least, as many as together
    stay below their fraction of the tolerance. The halves are far better than the change suggests: the
    error is overstated, not hidden.

    **Arguments:**

    - `function`: takes points of shape `(points,)`.
    - `guide`: what the integral up to each point should be. It only guides the halving: a peak
      between the nodes of a long interval would be missed without a trace, so intervals whose
      integral it disputes are halved. The value is that of the function alone.
    - `low`, `high`: the range.
    - `tolerance`: absolute.
    """
    intervals = np.array([[low, high]])
    coarse = _on_intervals(function, intervals)
    value = error = 0.0
    spent = level = 0
    while intervals.shape[0]:
        level += 1
        expected = np.diff(guide(intervals.ravel()).reshape(-1, 2), axis=1).ravel()
        middle = intervals.mean(axis=1)
        halves = np.stack([intervals[:, 0], middle, middle, intervals[:, 1]], axis=1)
        fine = _on_intervals(function, halves.reshape(-1, 2)).reshape(-1, 2)
        spent += fine.size * NODES.size
        change = np.abs(np.sum(fine, axis=1) - coarse)
        disputed = ~(np.abs(np.sum(fine, axis=1) - expected) <= 0.1 * tolerance)
        # The disputed come last, and one that is not a number last of all.
        order = np.lexsort([change, disputed])
        done = np.empty(change.shape, bool)
        done[order] = np.cumsum(change[order]) <= tolerance / DEEPEST
        done = (done & ~disputed) | (spent > BUDGET) | (level >= DEEPEST)
        value += float(np.sum(fine[done]))
        error += float(np.sum(change[done]))
        intervals, coarse = halves[~done].reshape(-1, 2), fine[~done].ravel()
    return Integral(value, error)


def _on_intervals(
    function: Callable[[Points], Points], intervals: Intervals
) -> Float[np.ndarray, " intervals"]:
    middle, half = intervals.mean(axis=1), 0.5 * (intervals[:, 1] - intervals[:, 0])
    points = middle[:, None] + half[:, None] * NODES
    return half * (function(points.ravel()).reshape(points.shape) @ WEIGHTS)

"""Straight lines between neighbouring snapshots, along the exact optimal coupling [mccann1997]."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from conservax.baseline._rows import Points, Values, as_rows

_MOST_ITERATIONS = 10_000_000


class DisplacementInterpolation:
    """Displacement interpolation between snapshots: no parameters, nothing to fit.

    Cells of a snapshot are coupled with those of the next at least mean squared distance, and each
    pair moves along its straight line at constant speed. At the times of the snapshots it is the
    cells themselves.

    **Arguments:**

    - `snapshots`: cells of every time, shapes `(cells, dim)`; at least two times.
    """

    def __init__(self, snapshots: Mapping[float, ArrayLike]):
        if len(snapshots) < 2:
            raise ValueError(f"expected at least two snapshots; got {len(snapshots)}.")
        self.snapshots = {float(t): as_rows(snapshots[t]) for t in sorted(snapshots)}
        self._couplings: dict[tuple[float, float], Points] = {}

    def sample(self, rng: np.random.Generator, t: ArrayLike) -> Points:
        """A draw at every time in t, shape `(rows, dim)`.

        **Raises:** `ValueError` for times outside the range of the snapshots.
        """
        times = np.asarray(t, np.float64)
        result = np.empty((len(times), self._first().shape[1]))
        for time in np.unique(times):
            chosen = times == time
            result[chosen] = self._at(rng, float(time), int(chosen.sum()))
        return result

    def transport(self, rng: np.random.Generator, x: ArrayLike, start: float, end: float) -> Points:
        """Transport of cells of time `start` to a later time, coupled with the snapshots in between and after.

        **Raises:** `ValueError` for times outside the range of the snapshots, or that fall.
        """
        x = as_rows(x)
        if end < start:
            raise ValueError(f"expected end >= start; got {end:g} after {start:g}.")
        while start < end:
            after = self._next(start)
            target = self.snapshots[after]
            partner = np.array([_resample(rng, row, 1)[0] for row in _coupling(x, target)])
            fraction = (min(end, after) - start) / (after - start)
            x, start = x + fraction * (target[partner] - x), min(end, after)
        return x

    def _at(self, rng: np.random.Generator, t: float, count: int) -> Points:
        if t in self.snapshots:
            cells = self.snapshots[t]
            return cells[_resample(rng, np.ones(len(cells)), count)]
        after = self._next(t)
        before = max((time for time in self.snapshots if time < t), default=None)
        if before is None:
            raise ValueError(f"expected times from {min(self.snapshots):g} on; got {t:g}.")
        here, there = self.snapshots[before], self.snapshots[after]
        if (before, after) not in self._couplings:
            self._couplings[before, after] = _coupling(here, there)
        coupling = self._couplings[before, after]
        i, j = np.unravel_index(_resample(rng, coupling.ravel(), count), coupling.shape)
        fraction = (t - before) / (after - before)
        return (1 - fraction) * here[i] + fraction * there[j]

    def _next(self, t: float) -> float:
        later = [time for time in self.snapshots if time > t]
        if not later:
            raise ValueError(f"expected times up to {max(self.snapshots):g}; got later than {t:g}.")
        return later[0]

    def _first(self) -> Points:
        return next(iter(self.snapshots.values()))


def _coupling(x: Points, y: Points) -> Points:
    """The optimal coupling: mass for every pair, shape `(len(x), len(y))`."""
    import ot

    return np.asarray(ot.emd([], [], ot.dist(x, y), numItermax=_MOST_ITERATIONS))


def _resample(rng: np.random.Generator, mass: Values, count: int) -> np.ndarray:
    """Draw `count` numbers by mass, each as often as its mass requires, to the next whole number.

    Systematic resampling: no cell is drawn twice before others of its mass are drawn once.
    """
    order = rng.permutation(np.flatnonzero(mass))
    total = np.cumsum(mass[order])
    positions = (np.arange(count) + rng.uniform()) / count * total[-1]
    return order[np.minimum(np.searchsorted(total, positions, side="right"), len(order) - 1)]

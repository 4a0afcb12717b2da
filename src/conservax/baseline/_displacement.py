"""Straight lines between neighbouring snapshots, along the exact optimal coupling [mccann1997]."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike

from conservax.baseline._rows import Points, Values, as_rows

Numbers = Int[np.ndarray, " pairs"]
MOST_COUPLED = 2500  # cells of a snapshot at once: the cost grows with their cube
_MOST_UNBALANCED = 1000  # whose solver makes hundreds of passes over all pairs
_STOP = 1e-7  # change of the mass in a pass of that solver, of 1
_MOST_ITERATIONS = 10_000_000
_RIGID = 30.0  # mean costs, from which on hardly any mass changes, and the solver needs too long
_LEAST_MASS = 1e-3  # of the largest: what the solver of unbalanced couplings has not taken away yet


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
        self._couplings: dict[tuple[float, float | None], Coupling] = {}

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
            partner = _partners(rng, couple(rng, x, target), len(x))
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
        fraction = (t - before) / (after - before)
        here, there = self.pairs(rng, before, count)
        return (1 - fraction) * here + fraction * there

    def pairs(
        self,
        rng: np.random.Generator,
        before: float,
        count: int,
        *,
        mass_penalty: float | None = None,
    ) -> tuple[Points, Points]:
        """Pairs of cells of a snapshot and of the next one, each as often as its mass requires.

        The coupling is computed once for all draws. `mass_penalty`: see `couple`.

        **Raises:** `ValueError` for the time of no snapshot, or of the last one.
        """
        here, there = self.snapshots[before], self.snapshots[self._next(before)]
        key = before, mass_penalty
        if key not in self._couplings:
            self._couplings[key] = couple(rng, here, there, mass_penalty=mass_penalty)
        found = self._couplings[key]
        chosen = _resample(rng, found.mass, count)
        return here[found.first[chosen]], there[found.second[chosen]]

    def _next(self, t: float) -> float:
        later = [time for time in self.snapshots if time > t]
        if not later:
            raise ValueError(f"expected times up to {max(self.snapshots):g}; got later than {t:g}.")
        return later[0]

    def _first(self) -> Points:
        return next(iter(self.snapshots.values()))


class Coupling(NamedTuple):
    """Pairs of cells of two snapshots that share mass: numbers of both, and the mass."""

    first: Numbers
    second: Numbers
    mass: Values


def couple(
    rng: np.random.Generator, x: Points, y: Points, *, mass_penalty: float | None = None
) -> Coupling:
    """The optimal coupling of two snapshots at least mean squared distance.

    Exact up to `MOST_COUPLED` cells; of more, random parts of that size are coupled, part by part. With
    a `mass_penalty` it is unbalanced [sejourne2023]: a cell may have less mass, or more, at that
    cost times the Kullback-Leibler divergence, in squared units of x.

    **Raises:** `ValueError` for a penalty so small that no mass is left.
    """
    most = MOST_COUPLED if mass_penalty is None else min(_MOST_UNBALANCED, MOST_COUPLED)
    parts = -(-max(len(x), len(y)) // most)
    found = []
    for i, j in zip(
        _parts(rng, len(x), parts, most), _parts(rng, len(y), parts, most), strict=True
    ):
        plan = _plan(x[i], y[j], mass_penalty) / parts
        one, other = np.nonzero(plan)
        found.append(Coupling(i[one], j[other], plan[one, other]))
    coupling = Coupling(*map(np.concatenate, zip(*found, strict=True)))
    if not coupling.mass.sum() > 0:
        raise ValueError(
            "expected a mass_penalty at which cells keep some mass; got one so small that every one "
            "dies and another is born. Give one of about the mean squared distance."
        )
    return coupling


def _parts(rng: np.random.Generator, count: int, parts: int, most: int) -> list[Numbers]:
    """So many random parts of at most `most` cells, in which every cell occurs equally often.

    Few cells are in all parts, whole.
    """
    chunks = np.array_split(rng.permutation(count), parts)
    each = min(parts, max(1, most * parts // count))
    return [
        np.concatenate([chunks[(first + k) % parts] for k in range(each)]) for first in range(parts)
    ]


def _plan(x: Points, y: Points, mass_penalty: float | None) -> Points:
    """Mass for every pair, shape `(len(x), len(y))`."""
    import ot

    cost = np.asarray(ot.dist(x, y))
    if mass_penalty is None or mass_penalty > _RIGID * cost.mean():
        return np.asarray(ot.emd([], [], cost, numItermax=_MOST_ITERATIONS))
    a, b = (np.full(len(z), 1 / len(z)) for z in (x, y))
    plan = ot.unbalanced.mm_unbalanced(a, b, cost, reg_m=mass_penalty, div="kl", stopThr=_STOP)
    return np.where(plan > _LEAST_MASS * plan.max(), plan, 0.0)


def _partners(rng: np.random.Generator, coupling: Coupling, cells: int) -> Numbers:
    """A partner of every cell of the first snapshot, drawn by the mass that they share."""
    order = np.lexsort((rng.permutation(len(coupling.mass)), coupling.first))
    below = np.cumsum(coupling.mass[order])
    ends = np.searchsorted(coupling.first[order], np.arange(cells), side="right") - 1
    starts = np.concatenate([[0.0], below[ends[:-1]]])
    positions = starts + rng.uniform(size=cells) * (below[ends] - starts)
    return coupling.second[order][np.minimum(np.searchsorted(below, positions, "right"), ends)]


def _resample(rng: np.random.Generator, mass: Values, count: int) -> np.ndarray:
    """Draw `count` numbers by mass, each as often as its mass requires, to the next whole number.

    Systematic resampling: no cell is drawn twice before others of its mass are drawn once.
    """
    order = rng.permutation(np.flatnonzero(mass))
    total = np.cumsum(mass[order])
    positions = (np.arange(count) + rng.uniform()) / count * total[-1]
    return order[np.minimum(np.searchsorted(total, positions, side="right"), len(order) - 1)]

"""Exact Wasserstein distances between a model and snapshots, beside floors and references.

Two sets of draws from one law are not at distance zero. So every distance stands beside the
*floor*, the distance between disjoint real samples of the same sizes, and beside what costs
nothing: not to move at all, or to be paired at random. Distances favour draws that huddle
together, so their spread is reported too. Between neighbouring snapshots no map moves cells by less, in
the mean square, than the W2^2 of the two populations, and the integral of the squared velocity
along the path is no less than that.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from conservax.check._distances import wasserstein
from conservax.check._population import Points, Population, TransportMethod
from conservax.check._snapshot_metric import SnapshotMetric, frame_of_metrics

DIRECT = "direct"
FLOOR = "real cells (floor)"
OTHERS = "other real cells"
STILL = "previous snapshot"
RANDOM = "random coupling"

_NONE = math.nan
_FEW = 5  # repeats of what varies little


def snapshot_distances(
    population: Population,
    snapshots: Mapping[float, ArrayLike],
    others: Mapping[float, ArrayLike] | None = None,
    *,
    times: Sequence[float] | None = None,
    scale: ArrayLike = 1.0,
    repeats: int = 20,
    most_cells: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Distances of a model from snapshots of cells that it has not seen; a row per `SnapshotMetric`.

    - Draws of the model at every time, as many as test cells, against the test cells.
    - Test cells of the time before, transported there by every method, against the test cells.

    **Arguments:**

    - `population`: what is evaluated, say `model.population()`.
    - `snapshots`: test cells of every time, shapes `(cells, dim)`.
    - `others`: more real cells of these times, say those of training. They are never compared with
      the model: together with the test cells they make the floor.
    - `times`: those to evaluate at; all by default.
    - `scale`: unit of every coordinate, say `model.units.std`, or one number for all.
    - `repeats`: of draws, of methods that are random, and of the floor.
    - `most_cells`: larger snapshots are thinned at random: time grows as the square.
    - `seed`: decides everything random.

    **Raises:** `ValueError` for shapes that do not fit, cells that are not finite, unknown times.
    """
    test = SnapshotTest(
        snapshots, others, scale=scale, repeats=repeats, most_cells=most_cells, seed=seed
    )
    return frame_of_metrics(test.references(times) + test.distances(population, times))


class Distances(NamedTuple):
    """W1 and W2 over repeats: means, deviations, and the sizes that were compared."""

    w1: float
    w1_deviation: float
    w2: float
    w2_deviation: float
    samples: int
    cells: int
    repeats: int


class SnapshotTest:
    """Test cells and their floors, to evaluate any number of models. See `snapshot_distances`."""

    def __init__(
        self,
        snapshots: Mapping[float, ArrayLike],
        others: Mapping[float, ArrayLike] | None = None,
        *,
        scale: ArrayLike = 1.0,
        repeats: int = 20,
        most_cells: int = 2000,
        seed: int = 0,
    ):
        if repeats < 1:
            raise ValueError(f"expected at least one repeat; got {repeats}.")
        self.scale, self.repeats, self.seed = np.asarray(scale, np.float64), repeats, seed
        self.snapshots = _checked(snapshots, most_cells, seed)
        self.others = _checked(others or {}, most_cells, seed + 1)
        self.times = tuple(self.snapshots)
        self.floor, self._between = cache(self._floor), cache(self._distances_between)

    def references(self, times: Sequence[float] | None = None) -> list[SnapshotMetric]:
        """References for distances: floors, and what costs nothing."""
        metrics = []
        for t in self._chosen(times):
            start, size = self._before(t), len(self.snapshots[t])
            known = self.floor(t, size, size)
            metrics.append(SnapshotMetric(t, FLOOR, **known._asdict()))
            if t in self.others:
                metrics.append(self._other_cells(t))
            if start is not None:
                metrics += [self._still(start, t), self._at_random(start, t)]
        return metrics

    def distances(
        self, population: Population, times: Sequence[float] | None = None
    ) -> list[SnapshotMetric]:
        """Distances of draws of the model, and of transported cells, from the test cells."""
        metrics = []
        for t in self._chosen(times):
            start = self._before(t)
            if population.sample is not None:
                metrics.append(self._direct(population.sample, t))
            if start is None or not population.methods:
                continue
            of_draws = self._of_draws(population, start, t)
            for name, method in population.methods.items():
                metrics.append(replace(self._transported(name, method, start, t), **of_draws))
        return metrics

    def _direct(self, sample, t: float) -> SnapshotMetric:
        times = np.full(len(self.snapshots[t]), t)
        return self._metric(t, DIRECT, [sample(times, seed) for seed in self._seeds()])

    def _transported(
        self, name: str, method: TransportMethod, start: float, t: float
    ) -> SnapshotMetric:
        from scipy.spatial.distance import cdist

        cells = self.snapshots[start]
        seeds = self._seeds() if method.random else [self.seed]
        samples = [method.transport(cells, start, t, seed) for seed in seeds]
        metric = self._metric(t, name, samples, start)
        squares = np.array([np.sum(((c - cells) / self.scale) ** 2, axis=1) for c in samples])
        farthest = cdist(cells / self.scale, self.snapshots[t] / self.scale, "sqeuclidean").max()
        finite = np.isfinite(squares).all()
        return replace(
            metric,
            displacement=float(squares.mean()) if finite else math.inf,
            least=float(np.mean([self._pair(cells, c)[1] ** 2 for c in samples]))
            if finite
            else _NONE,
            failed=float(np.mean(~(squares <= farthest))),
            **self._between(start, t),
        )

    def _metric(
        self, t: float, method: str, samples: Sequence[Points], start: float = _NONE
    ) -> SnapshotMetric:
        """Distances of samples of one size from the test cells, and the floor of these sizes."""
        cells = self.snapshots[t]
        found = _summary(
            [self._pair(drawn, cells) for drawn in samples], len(samples[0]), len(cells)
        )
        known = self.floor(t, found.samples, found.cells)
        fits = (known.samples, known.cells) == (found.samples, found.cells)
        floor_w1, floor_w2 = (known.w1, known.w2) if fits else (_NONE, _NONE)
        return SnapshotMetric(
            t,
            method,
            start=start,
            floor_w1=floor_w1,
            floor_w2=floor_w2,
            excess_w1=_over(found.w1, floor_w1),
            excess_w2=_over(found.w2, floor_w2),
            spread=float(np.mean([self._spread(drawn) for drawn in samples]) / self._spread(cells)),
            **found._asdict(),
        )

    def _floor(self, t: float, samples: int, cells: int) -> Distances:
        """Distances of two disjoint random parts of all real cells of time t; smaller if it must be."""
        pool = self._real(t)
        if samples + cells > len(pool):
            samples = max(1, len(pool) * samples // (samples + cells))
            cells = len(pool) - samples
        if not cells:
            return Distances(_NONE, _NONE, _NONE, _NONE, samples, cells, 0)
        rng = np.random.default_rng([self.seed, samples, cells, 1])
        parts = [rng.permutation(pool) for _ in range(self.repeats)]
        pairs = [self._pair(part[:samples], part[samples : samples + cells]) for part in parts]
        return _summary(pairs, samples, cells)

    def _other_cells(self, t: float) -> SnapshotMetric:
        """Distances of other real cells of time t: what a perfect model would get."""
        pool, size = self.others[t], len(self.snapshots[t])
        rng = np.random.default_rng([self.seed, 2])
        repeats = self.repeats if size < len(pool) else 1
        samples = [rng.permutation(pool)[:size] for _ in range(repeats)]
        return self._metric(t, OTHERS, samples)

    def _still(self, start: float, t: float) -> SnapshotMetric:
        metric = self._metric(t, STILL, [self.snapshots[start]], start)
        return replace(metric, **self._between(start, t))

    def _at_random(self, start: float, t: float) -> SnapshotMetric:
        """Distances under the independent coupling: every cell of the time before with every test cell."""
        from scipy.spatial.distance import cdist

        here, there = (self.snapshots[time] / self.scale for time in (start, t))
        squares = cdist(here, there, "sqeuclidean")
        mean_square = float(squares.mean())
        metric = SnapshotMetric(
            t,
            RANDOM,
            len(here),
            len(there),
            start,
            w1=float(np.sqrt(squares).mean()),
            w2=math.sqrt(mean_square),
            displacement=mean_square,
        )
        return replace(metric, **self._between(start, t))

    def _of_draws(self, population: Population, start: float, t: float) -> dict[str, float]:
        """Distance of independent draws at both times, and the kinetic energy between them."""
        sample, ends = population.sample, (start, t)
        if sample is None:
            return {}
        squares = []
        for seed in self._seeds()[:_FEW]:
            # Seeds of their own: draws of one seed may share their randomness over times.
            seeds = (2 * seed + self.repeats, 2 * seed + 1 + self.repeats)
            samples = [
                sample(np.full(len(self.snapshots[end]), end), own)
                for end, own in zip(ends, seeds, strict=True)
            ]
            squares.append(self._pair(*samples)[1] ** 2)
        found = {"w2_squared_drawn": float(np.mean(squares))}
        if population.velocity is not None:
            found |= self._energy(sample, population.velocity, start, t)
        return found

    def _energy(self, sample, velocity, start: float, t: float) -> dict[str, float]:
        """Kinetic energy: (t - start) times the integral of E |velocity|^2, and its standard error."""
        points = len(self.snapshots[t]) * self.repeats
        shift = np.random.default_rng([self.seed, 3]).uniform(size=points)
        times = start + (t - start) * (np.arange(points) + shift) / points
        moved = (t - start) * velocity(times, sample(times, self.seed))
        squares = np.sum((moved / self.scale) ** 2, axis=1)
        error = float(squares.std() / math.sqrt(points))
        return {"energy": float(squares.mean()), "energy_error": error}

    def _distances_between(self, start: float, t: float) -> dict[str, float]:
        """Exact W2^2 between the real cells of both times."""
        tested, known = (
            self._pair(cells(start), cells(t))[1] ** 2
            for cells in (self.snapshots.__getitem__, self._real)
        )
        return {"w2_squared": tested, "w2_squared_all": known}

    def _real(self, t: float) -> Points:
        """All real cells of a time."""
        cells = self.snapshots[t]
        return np.concatenate([cells, self.others[t]]) if t in self.others else cells

    def _pair(self, x: Points, y: Points) -> tuple[float, float]:
        x, y = x / self.scale, y / self.scale
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            return math.inf, math.inf
        orders: tuple[Literal[1, 2], ...] = (1, 2)
        w1, w2 = (wasserstein(x, y, order=order) for order in orders)
        return w1, w2

    def _spread(self, x: Points) -> float:
        return float(np.sum(np.var(x / self.scale, axis=0))) if np.isfinite(x).all() else _NONE

    def _seeds(self) -> range:
        return range(self.seed, self.seed + self.repeats)

    def _before(self, t: float) -> float | None:
        earlier = self.times.index(t) - 1
        return self.times[earlier] if earlier >= 0 else None

    def _chosen(self, times: Sequence[float] | None) -> Sequence[float]:
        unknown = [t for t in times or () if t not in self.snapshots]
        if unknown:
            raise ValueError(f"expected times of {list(self.times)}; got {unknown}.")
        return self.times if times is None else times


def _summary(pairs: Sequence[tuple[float, float]], samples: int, cells: int) -> Distances:
    (w1, w2), count = np.mean(pairs, axis=0), len(pairs)
    known = count > 1 and np.isfinite(pairs).all()
    deviations = np.std(pairs, axis=0, ddof=1) if known else (_NONE, _NONE)
    return Distances(
        float(w1), float(deviations[0]), float(w2), float(deviations[1]), samples, cells, count
    )


def _over(distance: float, floor: float) -> float:
    return distance / floor - 1 if floor > 0 else _NONE


def _checked(snapshots: Mapping[float, ArrayLike], most: int, seed: int) -> dict[float, Points]:
    """Snapshots in the order of time, each with at most so many cells."""
    rng, result = np.random.default_rng([seed, 4]), {}
    for t in sorted(snapshots):
        cells = np.asarray(snapshots[t], np.float64)
        if cells.ndim != 2 or not cells.size or not np.isfinite(cells).all():
            raise ValueError(
                f"expected finite cells of shape (cells, dim) at time {t:g}; got {cells.shape}"
                f"{'' if np.isfinite(cells).all() else ' with values that are not finite'}."
            )
        result[float(t)] = (
            cells if len(cells) <= most else cells[rng.choice(len(cells), most, False)]
        )
    if len({cells.shape[1] for cells in result.values()}) > 1:
        raise ValueError(
            f"expected snapshots of one dimension; got {[c.shape for c in result.values()]}."
        )
    return result

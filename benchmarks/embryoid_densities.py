"""Claim: 436 cells per snapshot are too few for any density to draw embryoid body cells at the floor.

Independent draws from a density fitted to the training cells of each snapshot, as many as there are
test cells, against the test cells: exact W1 and W2, means over t1..t4, over the floor. Kernel densities
of every bandwidth and Gaussian mixtures of every size are evaluated on the very cells that would choose
among them, so the best of each family is better than anybody could know beforehand. A bandwidth
of 0 copies training cells, independently, some twice. Beside it: the negative log-likelihood of the
test cells (nats, standardised), which evaluates each as a density. No model is chosen here.

    CONSERVAX_DATA=... python -m benchmarks embryoid_densities [--quick] [--json]
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from benchmarks.claim import Findings, benchmark
from benchmarks.papers._snapshot_sets import SNAPSHOT_SETS
from conservax.check import Population, SnapshotTest
from conservax.data import by_time

BANDWIDTHS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
SIZES = (1, 2, 4, 6, 8, 12, 16, 24, 32)


class Fitted(NamedTuple):
    """A density of one snapshot: draws of a generator, and log-probabilities of rows."""

    sample: Callable[[np.random.Generator, int], np.ndarray]
    log_prob: Callable[[np.ndarray], np.ndarray]


def kernel_density(cells: np.ndarray, bandwidth: float) -> Fitted:
    def sample(rng: np.random.Generator, count: int) -> np.ndarray:
        centres = cells[rng.integers(len(cells), size=count)]
        return centres + bandwidth * rng.normal(size=centres.shape)

    if not bandwidth:
        return Fitted(sample, lambda x: np.full(len(x), -np.inf))
    return Fitted(sample, KernelDensity(bandwidth=bandwidth).fit(cells).score_samples)


def gaussian_mixture(cells: np.ndarray, size: int) -> Fitted:
    found = GaussianMixture(size, n_init=3, random_state=0).fit(cells)

    def sample(rng: np.random.Generator, count: int) -> np.ndarray:
        which = rng.choice(size, count, p=found.weights_)
        factors = np.linalg.cholesky(found.covariances_)[which]
        noise = rng.normal(size=(count, cells.shape[1]))
        return found.means_[which] + np.einsum("nij,nj->ni", factors, noise)

    return Fitted(sample, found.score_samples)


def evaluate(test: SnapshotTest, times: tuple[float, ...], fitted: dict[float, Fitted]) -> dict:
    def draw(t: np.ndarray, seed: int) -> np.ndarray:
        return fitted[float(t[0])].sample(np.random.default_rng(seed), len(t))

    metrics = test.distances(Population(draw), times)
    return {
        "excess_w1": float(np.mean([metric.excess_w1 for metric in metrics])),
        "excess_w2": float(np.mean([metric.excess_w2 for metric in metrics])),
        "nll": float(-np.mean([fitted[t].log_prob(test.snapshots[t]).mean() for t in times])),
    }


@benchmark()
def run(*, quick: bool) -> Findings:
    (task,) = SNAPSHOT_SETS["eb"].tasks(0)
    test = SnapshotTest(task.test, task.others, repeats=5 if quick else 20)
    train, times = by_time(task.train), task.evaluated[1:]
    families = {
        "kernel density, bandwidth": (kernel_density, BANDWIDTHS),
        "Gaussian mixture, components": (gaussian_mixture, SIZES),
    }
    return Findings(
        [
            {"density": f"{name} {choice:g}"}
            | evaluate(test, times, {t: make(train[t], choice) for t in times})
            for name, (make, choices) in families.items()
            for choice in choices
        ]
    )

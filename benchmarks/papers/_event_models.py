"""Models of table 1, ours and others, each fitted to a split and scored on its test events."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from benchmarks.papers._fit_flow import event_rows, fit_flow, flow_nll, rows_of
from conservax.data import EventSplit, Split, Units
from conservax.density import AbstractDensity, Autoregressive, Factorized, KernelMixture, Mixture
from conservax.fitting import Model, fit, fit_events
from conservax.models import Custom, PointProcess, find_clusters
from conservax.scoring import baselines, scores
from conservax.train import Training
from conservax.univariate import Kernel

PAPER_MIXTURE = 32
BATCH_SIZE, NETWORK_RATE = 512, 2e-3
FLOW = "CNF (Diffrax)"


@dataclass(frozen=True)
class KernelMixtureSettings:
    """Settings of the kernel mixture on a data set, chosen on the validation events."""

    kernel: Kernel
    count: int
    background: float
    covariance: Literal["diagonal", "full"] = "diagonal"
    rank: int = 2
    learning_rate: float = 3e-3


KERNEL_MIXTURES = {
    "pinwheel": KernelMixtureSettings(
        "normal", 150, 0.001, covariance="full", rank=1, learning_rate=6e-3
    ),
    "earthquakes": KernelMixtureSettings("logistic", 1024, 0.01),
    "earthquakes-in-time": KernelMixtureSettings("logistic", 1024, 0.01),
    "covid": KernelMixtureSettings("normal", 1024, 0.01, rank=1),
    "citibike": KernelMixtureSettings("normal", 1024, 0.01),
}


class Fitted(NamedTuple):
    """One value of table 1.

    **Attributes:**

    - `model`: its name.
    - `spatial`: mean negative log-likelihood of the locations of the test events, standardised.
    - `temporal`: of their times, per unit of time; None for models of locations alone.
    - `seconds`: to fit.
    """

    model: str
    spatial: float
    temporal: float | None
    seconds: float


Competitor = Callable[[str, EventSplit, int, bool], Iterator[Fitted]]


def steps_of(full: int, quick: bool, divisor: int = 10) -> int:
    """A tenth of the steps, or another fraction, if quick."""
    return full // divisor if quick else full


def kernel_mixture(data: str, split: EventSplit, seed: int) -> Callable[[Array], KernelMixture]:
    """The kernel mixture with the settings of a data set, as a function of a random key."""
    chosen = KERNEL_MIXTURES[data]
    rows = split.train.table()
    clusters = find_clusters(Units.of(rows).standardise(rows.x), chosen.count, seed=seed)
    return lambda key: KernelMixture.from_clusters(
        clusters,
        kernel=chosen.kernel,
        covariance=chosen.covariance,
        rank=chosen.rank,
        background=chosen.background,
        key=key,
    )


def fit_kernel_mixture(data: str, split: EventSplit, seed: int, quick: bool) -> Model:
    """The kernel mixture, fitted."""
    density = kernel_mixture(data, split, seed)
    return _fit(split, density, seed, steps_of(2000, quick), KERNEL_MIXTURES[data].learning_rate)


def _fit(
    split: EventSplit,
    density: Callable[[Array], AbstractDensity],
    seed: int,
    steps: int,
    learning_rate: float,
) -> Model:
    """Fit by likelihood alone, as in the paper."""
    return fit(
        split,
        model=Custom(build=density, kinetic_weight=0.0),
        training=Training(
            steps=steps,
            batch_size=BATCH_SIZE,
            learning_rate=learning_rate,
            noise=0.0,
            time_noise=0.0,
            progress=False,
        ),
        seed=seed,
    )


def _kernel_mixture(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    yield from _timed(
        "kernel mixture", split, partial(fit_kernel_mixture, data, split, seed, quick)
    )


def _autoregressive(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    del data

    def density(key: Array) -> Autoregressive:
        return Autoregressive(2, components=32, width=128, depth=3, fourier_features=3, key=key)

    steps = steps_of(6000, quick)
    yield from _timed(
        "autoregressive", split, lambda: _fit(split, density, seed, steps, NETWORK_RATE)
    )


def _factorized(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    """Mixture of factorized laws (27), the paper's other model."""
    del data

    def density(key: Array) -> Mixture:
        keys = jax.random.split(key, PAPER_MIXTURE)
        return Mixture([Factorized(2, components=4, width=32, depth=2, key=k) for k in keys])

    steps = steps_of(6000, quick, 30)
    yield from _timed(
        "mixture of factorized", split, lambda: _fit(split, density, seed, steps, NETWORK_RATE)
    )


def _timed(name: str, split: EventSplit, work: Callable[[], Model]) -> Iterator[Fitted]:
    began = time.perf_counter()
    model = work()
    seconds = time.perf_counter() - began
    model.split = None  # the baselines have a row of their own
    yield Fitted(name, scores(model, split.test.table())[0].standardised, None, seconds)


def _point_process(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    """A point process, conditioned on the events before: it plays an easier game."""
    del data
    began = time.perf_counter()
    model = fit_events(
        split,
        model=PointProcess(components=256),
        training=Training(steps=steps_of(1500, quick, 20), progress=False),
        seed=seed,
    )
    seconds = time.perf_counter() - began
    found, count = model.log_likelihood(split.test), len(split.test)
    spatial = -float(found.spatial.sum()) / count - model.units.log_volume
    yield Fitted("point process", spatial, -float(found.temporal.sum()) / count, seconds)


def _flow(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    """The continuous normalizing flow, trained through its solver."""
    del data
    began = time.perf_counter()
    rows = event_rows(split)
    flow = fit_flow(rows, seed=seed, quick=quick).law
    seconds = time.perf_counter() - began
    yield Fitted(FLOW, flow_nll(flow, rows_of(split.test, rows.units)), None, seconds)


def _classical(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    """Kernel densities and Gaussian mixtures, tuned on the validation events."""
    del data, seed, quick
    began = time.perf_counter()
    tables = Split(*(part.table() for part in split))
    found = baselines(tables, split.test.table())
    seconds = (time.perf_counter() - began) / len(found)
    volume = Units.of(tables.train).log_volume
    for name, _, losses in found:
        yield Fitted(name, float(np.mean(losses)) - volume, None, seconds)


COMPETITORS: dict[str, Competitor] = {
    "kernel-mixture": _kernel_mixture,
    "autoregressive": _autoregressive,
    "factorized": _factorized,
    "point-process": _point_process,
    "flow": _flow,
    "classical": _classical,
}

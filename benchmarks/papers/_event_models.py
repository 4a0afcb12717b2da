"""The models of table 1: ours and their rivals, each fitted to a split and scored on its test events."""

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
from conservax.score import baselines, scores
from conservax.train import Training
from conservax.univariate import Kernel

PAPER_MIXTURE = 32
BATCH_SIZE, NETWORK_RATE = 512, 2e-3
FLOW = "CNF (Diffrax)"


@dataclass(frozen=True)
class Bumps:
    """What the validation events chose for the bump mixture on a data set."""

    kernel: Kernel
    count: int
    background: float
    covariance: Literal["diagonal", "full"] = "diagonal"
    rank: int = 2
    learning_rate: float = 3e-3


BUMPS = {
    "pinwheel": Bumps("normal", 150, 0.001, covariance="full", rank=1, learning_rate=6e-3),
    "earthquakes": Bumps("logistic", 1024, 0.01),
    "earthquakes-in-time": Bumps("logistic", 1024, 0.01),
    "covid": Bumps("normal", 1024, 0.01, rank=1),
    "citibike": Bumps("normal", 1024, 0.01),
}


class Fitted(NamedTuple):
    """One figure of table 1.

    **Attributes:**

    - `model`: its name.
    - `spatial`: mean negative log-likelihood of the places of the test events, standardised.
    - `temporal`: of their times, per unit of time; None for models of places alone.
    - `seconds`: to fit.
    """

    model: str
    spatial: float
    temporal: float | None
    seconds: float


Competitor = Callable[[str, EventSplit, int, bool], Iterator[Fitted]]


def steps_of(full: int, quick: bool, share: int = 10) -> int:
    """A tenth of the steps, or another share, where it has to be quick."""
    return full // share if quick else full


def bumps(data: str, split: EventSplit, seed: int) -> Callable[[Array], KernelMixture]:
    """The bump mixture with the settings of a data set, as a function of a random key."""
    chosen = BUMPS[data]
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


def fit_bumps(data: str, split: EventSplit, seed: int, quick: bool) -> Model:
    """The bump mixture, fitted."""
    density = bumps(data, split, seed)
    return _fit(split, density, seed, steps_of(2000, quick), BUMPS[data].learning_rate)


def _fit(
    split: EventSplit,
    density: Callable[[Array], AbstractDensity],
    seed: int,
    steps: int,
    learning_rate: float,
) -> Model:
    """By likelihood alone, as in the paper."""
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


def _bump_mixture(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    yield from _timed("bumps", split, partial(fit_bumps, data, split, seed, quick))


def _autoregressive(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    del data

    def density(key: Array) -> Autoregressive:
        return Autoregressive(2, components=32, width=128, depth=3, fourier_features=3, key=key)

    steps = steps_of(6000, quick)
    yield from _timed(
        "autoregressive", split, lambda: _fit(split, density, seed, steps, NETWORK_RATE)
    )


def _factorized(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    """The paper's other model: a mixture of factorized laws (27)."""
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


def _with_memory(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    """The history-conditioned model, which is told the events before: it plays an easier game."""
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
    yield Fitted("with memory", spatial, -float(found.temporal.sum()) / count, seconds)


def _flow(data: str, split: EventSplit, seed: int, quick: bool) -> Iterator[Fitted]:
    """The model that is simulated to train it."""
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
    for name, _, paid in found:
        yield Fitted(name, float(np.mean(paid)) - volume, None, seconds)


COMPETITORS: dict[str, Competitor] = {
    "bumps": _bump_mixture,
    "autoregressive": _autoregressive,
    "factorized": _factorized,
    "memory": _with_memory,
    "flow": _flow,
    "classical": _classical,
}

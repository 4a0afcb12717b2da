"""Table 1 [hua2025]: nats an event on four data sets, every model in the same run and units."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import jax
import pandas as pd

from conservax._types import PRNGKey
from conservax.bench._event_sets import EVENT_SETS
from conservax.bench._fit_flow import event_rows, fit_flow, flow_nll, rows_of
from conservax.data import EventSplit, Units
from conservax.density import Autoregressive, DiagonalMixture, Factorized, Kernel, Mixture
from conservax.model import Model, fit, scores

OURS = ("diagonal", "autoregressive", "mixture of factorized")
TOO_GOOD = 0.01  # below the entropy by more than that is a mistake, not a record
STEPS = {False: 6000, True: 1000}
PAPER_MIXTURE = 32
FLOW = "CNF (Diffrax)"
BUMPS: dict[str, Kernel] = {
    "pinwheel": "normal",
    "earthquakes": "logistic",
    "earthquakes-in-time": "logistic",
    "covid": "normal",
    "citibike": "normal",
}


@dataclass(frozen=True)
class EventRow:
    """One figure: a model on a data set, from one seed.

    **Attributes:**

    - `standardised`, `raw`: mean negative log-likelihood of the test events, nats an event, where
      places have mean 0 and deviation 1 over the training events, and in degrees.
    - `seconds`: to fit.
    """

    data: str
    model: str
    seed: int
    standardised: float
    raw: float
    events: int
    seconds: float


def bench_events(
    names: Sequence[str] = tuple(EVENT_SETS),
    *,
    seeds: int = 3,
    quick: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[EventRow]:
    """Fit every model to every data set and score it once on the test events.

    What there is to choose is chosen on the validation events.
    """
    for name in names:
        for seed in range(seeds):
            split = EVENT_SETS[name].load(seed)
            for kind in OURS:
                yield from _ours(name, kind, split, seed, quick, say)
            yield _flow(name, split, seed, quick, say)


def _ours(
    name: str, kind: str, split: EventSplit, seed: int, quick: bool, say: Callable[[str], None]
) -> Iterator[EventRow]:
    began = time.perf_counter()
    model = fit(split, seed=seed, progress=False, **_settings(name, kind, split, quick))
    seconds = time.perf_counter() - began
    assert model.split is not None  # a model that was just fitted has its rows
    test = model.split.test
    with_baselines = kind == OURS[0]
    shown = scores(model, test) if with_baselines else scores(_bare(model), test)
    for score in shown:
        label = kind if score.name == "This model" else score.name
        row = EventRow(name, label, seed, score.standardised, score.raw, len(test), seconds)
        say(f"{name}, seed {seed}: {label} {row.standardised:.3f}")
        yield row
        seconds = 0.0  # baselines: a minute at most, not timed


def _flow(
    name: str, split: EventSplit, seed: int, quick: bool, say: Callable[[str], None]
) -> EventRow:
    """The model that is simulated to train it."""
    began = time.perf_counter()
    rows = event_rows(split)
    flow = fit_flow(rows, seed=seed, quick=quick).law
    seconds = time.perf_counter() - began
    nll = flow_nll(flow, rows_of(split.test, rows.units))
    say(f"{name}, seed {seed}: {FLOW} {nll:.3f}")
    raw = nll + rows.units.log_volume
    return EventRow(name, FLOW, seed, nll, raw, len(split.test), seconds)


def _bare(model: Model) -> Model:
    return Model(model.law, model.units, history=model.history, settings=model.settings)


def _settings(name: str, kind: str, split: EventSplit, quick: bool) -> dict[str, Any]:
    """What the validation events chose, a data set and kind of density."""
    makers = {
        "diagonal": partial(_diagonal, split, BUMPS[name]),
        "autoregressive": _autoregressive,
        "mixture of factorized": _factorized,
    }
    return {
        "density": makers[kind],
        "steps": STEPS[quick],
        "batch_size": 512,
        "noise": 0.0,
        "time_noise": 0.0,
    }


def _diagonal(split: EventSplit, kernel: Kernel, key: PRNGKey) -> DiagonalMixture:
    """Bumps at the clusters of the training events."""
    rows = split.train.table()
    x = Units.of(rows).standardise(rows.x)
    return DiagonalMixture.from_rows(x, 1024, kernel=kernel, rank=4, key=key)


def _autoregressive(key: PRNGKey) -> Autoregressive:
    return Autoregressive(2, components=32, width=128, depth=3, waves=3, key=key)


def _factorized(key: PRNGKey) -> Mixture:
    """The paper's other model: a mixture of factorized laws (27)."""
    keys = jax.random.split(key, PAPER_MIXTURE)
    return Mixture([Factorized(2, components=4, width=32, depth=2, key=k) for k in keys])


def too_good(rows: Sequence[EventRow]) -> list[EventRow]:
    """Figures below what any density without history can reach: mistakes, not records."""
    floors = {name: known.floor for name, known in EVENT_SETS.items() if known.floor is not None}
    return [row for row in rows if row.standardised < floors.get(row.data, -1e9) - TOO_GOOD]


def table_of(rows: Sequence[EventRow]) -> pd.DataFrame:
    """Mean and standard deviation over seeds, a line a data set and model, best first."""
    frame = pd.DataFrame([asdict(row) for row in rows])
    table = frame.groupby(["data", "model"], sort=False).agg(
        standardised=("standardised", "mean"),
        deviation=("standardised", "std"),
        raw=("raw", "mean"),
        seeds=("seed", "nunique"),
        seconds=("seconds", "mean"),
    )
    return table.reset_index().sort_values(["data", "standardised"], kind="stable")

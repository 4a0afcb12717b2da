"""Table 1 [hua2025]: nats an event on four data sets, every model in the same run and units."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from conservax.bench._event_sets import EVENT_SETS
from conservax.data import EventSplit
from conservax.density import Factorized, Mixture
from conservax.model import Model, fit, scores

OURS = ("diagonal", "autoregressive", "mixture of factorized")
TOO_GOOD = 0.01  # below the entropy by more than that is a mistake, not a record
STEPS = {False: 6000, True: 1000}
PAPER_MIXTURE = 32


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


def _bare(model: Model) -> Model:
    return Model(model.law, model.units, history=model.history, settings=model.settings)


def _settings(name: str, kind: str, split: EventSplit, quick: bool) -> dict[str, Any]:
    """What the validation events chose, a data set and kind of density."""
    common: dict[str, Any] = {
        "steps": STEPS[quick],
        "batch_size": 512,
        "noise": 0.0,
        "time_noise": 0.0,
    }
    if kind == "diagonal":
        return common | {"density": "diagonal"}
    if kind == "autoregressive":
        return common | {"components": 32}
    return common | {"density": _factorized}


def _factorized(key):
    """The paper's other model: a mixture of factorized laws (27)."""
    import jax

    keys = jax.random.split(key, PAPER_MIXTURE)
    return Mixture([Factorized(2, components=4, width=32, depth=2, key=k) for k in keys])


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

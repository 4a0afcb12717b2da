"""Table 1 [hua2025]: nats per event on four data sets, every model in the same run and units."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from benchmarks.papers._event_models import COMPETITORS
from benchmarks.papers._event_sets import EVENT_SETS
from conservax.data import Events, Units

QUICK_EVENTS, MANY_EVENTS = 10_000, 50_000
TOO_GOOD = 0.01  # below the entropy by more than that is a mistake, not a record


@dataclass(frozen=True)
class EventRow:
    """One row: a model on a data set, from one seed.

    **Attributes:**

    - `standardised`, `raw`: mean negative log-likelihood of the locations of the test events, nats per
      event, where locations have mean 0 and deviation 1 over the training events, and in degrees.
    - `temporal`: of their times, per unit of time; None for models of locations alone.
    - `seconds`: to fit.
    """

    data: str
    model: str
    seed: int
    standardised: float
    raw: float
    temporal: float | None
    events: int
    seconds: float


def bench_events(
    names: Sequence[str] = tuple(EVENT_SETS),
    models: Sequence[str] = tuple(COMPETITORS),
    *,
    seeds: int = 3,
    quick: bool = False,
    log: Callable[[str], None] = lambda text: None,
) -> Iterator[EventRow]:
    """Fit every model to every data set and score it once on the test events.

    Settings are chosen on the validation events. `quick` trains a tenth of the steps or fewer
    and looks at about `QUICK_EVENTS` test events.
    """
    for name in names:
        EVENT_SETS[name].load(0)  # missing files are reported before the first hour
    for name in names:
        for seed in range(seeds):
            split = EVENT_SETS[name].load(seed)
            if quick:
                split = split._replace(test=_few(split.test))
            volume = Units.of(split.train.table()).log_volume
            for model in models:
                for found in COMPETITORS[model](name, split, seed, quick):
                    log(f"{name}, seed {seed}: {found.model} {found.spatial:.3f}")
                    yield EventRow(
                        name,
                        found.model,
                        seed,
                        found.spatial,
                        found.spatial + volume,
                        found.temporal,
                        len(split.test),
                        found.seconds,
                    )


def _few(events: Events) -> Events:
    """Windows evenly chosen, of about `QUICK_EVENTS` events: their order may mean something."""
    fraction = min(1.0, QUICK_EVENTS / max(len(events), 1))
    windows = max(1, round(fraction * events.sequences))
    return events.take(np.linspace(0, events.sequences - 1, windows).astype(int))


def bounded_rows(rows: Sequence[EventRow]) -> list[EventRow]:
    """Rows that the entropy of the locations bounds: of models without history, where it is known.

    Few events may be likelier than most by luck, and are left out.
    """
    return [
        row
        for row in rows
        if row.temporal is None
        and row.events >= MANY_EVENTS
        and EVENT_SETS[row.data].floor is not None
    ]


def table_of(rows: Sequence[EventRow]) -> pd.DataFrame:
    """Mean and standard deviation over seeds, a row per data set and model, best first."""
    frame = pd.DataFrame([asdict(row) for row in rows])
    table = frame.groupby(["data", "model"], sort=False).agg(
        standardised=("standardised", "mean"),
        deviation=("standardised", "std"),
        raw=("raw", "mean"),
        temporal=("temporal", "mean"),
        seeds=("seed", "nunique"),
        seconds=("seconds", "mean"),
    )
    return table.reset_index().sort_values(["data", "standardised"], kind="stable")

"""Tables 2 and 3 [hua2025] and references for them: distances to snapshots of unseen cells."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.papers._snapshot_models import (
    SNAPSHOT_COMPETITORS,
    FittedPopulation,
    SnapshotSettings,
    settings_of,
)
from benchmarks.papers._snapshot_sets import SNAPSHOT_SETS, SnapshotTask, held_out
from conservax.check import SnapshotMetric, SnapshotTest

REAL = "real cells"  # where a model is named, for what the metrics are compared with
USUAL_SETS = tuple(name for name, known in SNAPSHOT_SETS.items() if known.usual)
REPEATS, QUICK_REPEATS = 20, 5

OnFitted = Callable[[str, SnapshotTask, FittedPopulation, int], None]


@dataclass(frozen=True)
class SnapshotRow:
    """A metric of a model from one seed on a task of a data set; `seconds` to fit."""

    data: str
    task: str
    model: str
    seed: int
    seconds: float
    metric: SnapshotMetric


def bench_snapshots(
    names: Sequence[str] = USUAL_SETS,
    models: Sequence[str] | None = None,
    *,
    seeds: int = 3,
    quick: bool = False,
    validation: bool = False,
    settings: SnapshotSettings | None = None,
    log: Callable[[str], None] = lambda text: None,
    on_fitted: OnFitted = lambda data, task, fitted, seed: None,
) -> Iterator[SnapshotRow]:
    """Fit every model to every task of the data sets, and evaluate it on test cells.

    **Arguments:**

    - `names`, `models`: of `SNAPSHOT_SETS` and `SNAPSHOT_COMPETITORS`; by default the models that
      a set is usually run with.
    - `quick`: fewer steps, repeats and models.
    - `validation`: evaluate on cells held out from training instead, to choose settings: see
      `held_out`. No test cell is touched.
    - `settings`: instead of those of each data set.
    - `log`, `on_fitted`: called with progress, and with everything that was fitted.
    """
    for name in names:
        SNAPSHOT_SETS[name].tasks(0)  # missing files are reported before the first hour
    for name in names:
        known = SNAPSHOT_SETS[name]
        for seed in range(seeds):
            for task in known.tasks(seed):
                task = held_out(task, seed=seed) if validation else task
                test = SnapshotTest(
                    task.test, task.others, repeats=QUICK_REPEATS if quick else REPEATS, seed=seed
                )
                for metric in test.references(task.evaluated):
                    yield SnapshotRow(name, task.name, REAL, seed, 0.0, metric)
                for model in models or (known.quick_models if quick else known.models):
                    for fitted in SNAPSHOT_COMPETITORS[model](
                        task, settings or settings_of(name, model), seed, quick
                    ):
                        metrics = test.distances(fitted.population, task.evaluated)
                        log(_progress(f"{name}, {task.name}, seed {seed}: {fitted.model}", metrics))
                        on_fitted(name, task, fitted, seed)
                        for metric in metrics:
                            yield SnapshotRow(
                                name, task.name, fitted.model, seed, fitted.seconds, metric
                            )


def _progress(what: str, metrics: Sequence[SnapshotMetric]) -> str:
    distances: dict[str, list[float]] = {}
    for metric in metrics:
        distances.setdefault(metric.method, []).append(metric.w2)
    means = {method: np.mean(found) for method, found in distances.items()}
    return f"{what}, W2 " + ", ".join(f"{mean:.3f} {method}" for method, mean in means.items())


def frame_of(rows: Sequence[SnapshotRow]) -> pd.DataFrame:
    """All metrics as a table, one row each."""
    lines = []
    for row in rows:
        line = {"data": row.data, "task": row.task, "model": row.model, "seed": row.seed}
        lines.append(line | asdict(row.metric) | {"seconds": row.seconds})
    return pd.DataFrame(lines)


_DISTANCES = ("w1", "w2", "excess_w1", "excess_w2", "spread")
_MOVES = (
    *("displacement", "least", "failed", "energy", "energy_error"),
    *("w2_squared", "w2_squared_all", "w2_squared_drawn"),
)


def snapshot_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, a row per data set, model, method and time.

    Deviations are over seeds, or over the repeats of one seed. A metric that failed for one seed
    has no mean.
    """
    groups: Any = frame.groupby(["data", "model", "method", "time"], sort=False)
    table = groups[[*_DISTANCES, *_MOVES, "samples", "cells", "start", "seconds"]].agg(_strict_mean)
    for name in ("w1", "w2"):
        over_seeds = groups[name].std()
        table[f"{name}_deviation"] = over_seeds.fillna(groups[f"{name}_deviation"].mean())
    table["seeds"] = groups["seed"].nunique()
    return table.reset_index()


def snapshot_means(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over the evaluated times after the first, a row per data set, model and method.

    `moved` is the mean displacement over the mean of w2_squared, `detour` that over the mean of
    what it would have had to be at least, less 1, and `failed` the mean fraction of failed paths. A
    time that failed leaves its row without means.
    """
    later = frame[~((frame["time"] == 0) & frame["start"].isna())]
    names = [*_DISTANCES, "moved", "detour", "failed"]
    keys = ["data", "model", "method"]
    averaged: Any = later.groupby([*keys, "seed"], sort=False)[[*_DISTANCES, *_MOVES]]
    means = averaged.agg(_strict_mean)
    means["moved"] = means["displacement"] / means["w2_squared"]
    means["detour"] = means["displacement"] / means["least"] - 1
    groups: Any = means.groupby(keys, sort=False)
    table = groups[names].agg(_strict_mean)
    for name in names:
        table[f"{name}_deviation"] = groups[name].std()
    return table.reset_index()


def _strict_mean(values: pd.Series) -> float:
    return float(np.mean(values.to_numpy()))

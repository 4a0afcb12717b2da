"""Held-out negative log-likelihood, beside that of classical density estimates on the rows."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from conservax.baseline import (
    BY_SNAPSHOT,
    fit_gaussian_mixture,
    fit_gaussian_mixture_by_snapshot,
    fit_gaussian_mixture_in_time,
    fit_kernel_density,
    fit_kernel_density_in_time,
    fit_normal_by_snapshot,
)
from conservax.data import MAX_SNAPSHOTS, DataError, Split, Stream, Table, snapshots
from conservax.model import AbstractLawInUnits, AbstractModel

MAX_COMPARED = 20_000  # rows of a stream on which baselines, slow on many, are compared
_SEED = 0


@dataclass(frozen=True)
class Score:
    """Mean negative log-likelihood of the held-out rows under one model, in nats.

    **Attributes:**

    - `name`, `detail`: which model, and what was chosen for it on the validation rows.
    - `standardised`, `raw`: per row, for standardised coordinates and for those of the data.
    - `this_model_better_by`: nats per row by which our model is better than this one, below 0 where it
      is worse, and `error`, the standard error of that paired difference; 0 for our model itself.
    """

    name: str
    detail: str
    standardised: float
    raw: float
    this_model_better_by: float = 0.0
    error: float = 0.0

    @property
    def comparison(self) -> str:
        """Comparison of our model with this one, in words: "better by 0.0450 ± 0.0120 nats"."""
        return compared(self.this_model_better_by, self.error)


def compared(better_by: float, error: float) -> str:
    """Comparison in words: a difference in nats and its standard error."""
    side = "better" if better_by >= 0 else "worse"
    return f"{side} by {abs(better_by):.4f} ± {error:.4f} nats"


@dataclass(frozen=True)
class Losses:
    """Negative log-likelihoods of held-out rows, nats in the units of the data.

    **Attributes:**

    - `table`: the rows on which models are compared: all, or some of a stream.
    - `mean`: of our model, over all rows.
    - `ours`: per row of `table`.
    - `baselines`: name, detail, and a value per row of `table`, of each.
    """

    table: Table
    mean: float
    ours: Float[np.ndarray, " rows"]
    baselines: tuple[tuple[str, str, Float[np.ndarray, " rows"]], ...]


def losses(model: AbstractLawInUnits, table: Table | Stream) -> Losses:
    """Losses of our model, and of the baselines that are fitted to its training rows.

    Baselines are tuned on the validation rows of the model; they are left out where it has none, as
    a model from a file. Of a stream our model takes all rows, a batch at a time; baselines are compared
    with it on about 20 000 of them.
    """
    mean, shown, ours = _ours(model, table)
    if model.split is None or not len(model.split.validation):
        return Losses(shown, mean, ours, ())
    return Losses(shown, mean, ours, tuple(baselines(model.split, shown)))


def scores(
    model: AbstractLawInUnits, table: Table | Stream, found: Losses | None = None
) -> tuple[Score, ...]:
    """Scores of our model first, then of the baselines.

    These are kernel densities and Gaussian mixtures, without time and in time, and for snapshots a
    normal and a Gaussian mixture per snapshot. `found` are the `losses` of the same rows, where they are known already.
    """
    found = losses(model, table) if found is None else found
    volume = model.units.log_volume
    result = [Score("This model", "", found.mean - volume, found.mean)]
    for name, detail, theirs in found.baselines:
        difference = theirs - found.ours
        error = (
            difference.std(ddof=1) / math.sqrt(len(difference)) if len(difference) > 1 else math.nan
        )
        raw = found.mean + float(difference.mean())
        result.append(
            Score(name, detail, raw - volume, raw, float(difference.mean()), float(error))
        )
    return tuple(result)


@dataclass(frozen=True)
class TimeScore:
    """Mean negative log-likelihood of the rows of one time, in nats per row.

    **Attributes:**

    - `time`: as text.
    - `rows`: how many there are.
    - `standardised`, `raw`, `error`: per row, as in `Score`; `error` is the standard error.
    - `left_out`: whether no row of this time was trained on.
    - `baselines`: loss per row of the densities of each snapshot, standardised, by name.
      At a time that was left out the normal is interpolated between its neighbours, or that of the
      nearest one at the first or last time; the Gaussian mixture is that of the nearest snapshot.
    """

    time: str
    rows: int
    standardised: float
    raw: float
    error: float
    left_out: bool
    baselines: dict[str, float]


def scores_by_time(
    model: AbstractLawInUnits, table: Table | Stream, found: Losses | None = None
) -> tuple[TimeScore, ...]:
    """Scores of our model at each time of a table of snapshots; none if times are many, or rows streamed."""
    if not isinstance(table, Table) or len(np.unique(table.t)) > MAX_SNAPSHOTS:
        return ()
    found = losses(model, table) if found is None else found
    axis, volume = model.units.time, model.units.log_volume
    result = []
    for time in np.unique(table.t).tolist():
        there = table.t == time
        ours = found.ours[there]
        mean, error = float(ours.mean()), float(ours.std(ddof=1)) if len(ours) > 1 else math.nan
        others = {
            name: float(theirs[there].mean()) - volume
            for name, _, theirs in found.baselines
            if name in BY_SNAPSHOT
        }
        out = time in model.settings.left_out
        scored = (mean - volume, mean, error / math.sqrt(len(ours)))
        result.append(TimeScore(axis.format(time), len(ours), *scored, out, others))
    return tuple(result)


def _ours(
    model: AbstractLawInUnits, table: Table | Stream
) -> tuple[float, Table, Float[np.ndarray, " rows"]]:
    """Mean loss of our model, and the rows to compare on with their losses."""
    total, parts, kept = 0.0, [], []
    every = 1 if isinstance(table, Table) else -(-len(table) // MAX_COMPARED)
    for batch in [table] if isinstance(table, Table) else table.batches():
        ours = -model.log_prob(model.units.time.to_column(batch.t), batch.x)
        total += float(ours.sum())
        parts.append(batch.take(np.arange(0, len(batch), every)))
        kept.append(ours[::every])
    t, x = (np.concatenate([getattr(part, name) for part in parts]) for name in ("t", "x"))
    return total / len(table), replace(parts[0], t=t, x=x), np.concatenate(kept)


def baselines(split: Split, table: Table) -> list[tuple[str, str, Float[np.ndarray, " rows"]]]:
    """Name, detail, and losses on the rows of the table, of each baseline."""
    train, held = split.train, split.validation
    static = [
        fit_kernel_density(train.x, held.x),
        fit_gaussian_mixture(train.x, held.x, _SEED),
    ]
    in_time = [
        fit_kernel_density_in_time(train.t, train.x, held.t, held.x),
        fit_gaussian_mixture_in_time(train.t, train.x, held.t, held.x, seed=_SEED),
    ]
    if snapshots(train.t) is not None and set(train.t) <= set(held.t):
        in_time += [
            fit_normal_by_snapshot(train.t, train.x),
            fit_gaussian_mixture_by_snapshot(train.t, train.x, held.t, held.x, seed=_SEED),
        ]
    return [(b.name, b.detail, -b.log_prob(table.x)) for b in static] + [
        (b.name, b.detail, -b.log_prob(table.t, table.x)) for b in in_time
    ]


def score_frame(model: AbstractLawInUnits, table: Table | Stream | None = None) -> pd.DataFrame:
    """`scores` as a data frame: `model`, `detail`, `nll`, `nll_raw`, `difference` and `error`.

    By default on the test rows, or else on the validation rows.

    **Raises:** `DataError` if there are none, and no table.
    """
    rows = held_out_of(model) if table is None else table
    found = [
        {
            "model": score.name,
            "detail": score.detail,
            "nll": score.standardised,
            "nll_raw": score.raw,
            "difference": score.this_model_better_by,
            "error": score.error,
        }
        for score in scores(model, rows)
    ]
    return pd.DataFrame(found)


def held_out_of(model: AbstractModel) -> Any:
    """The test rows or windows of a model, or else those of validation.

    **Raises:** `DataError` if there are none.
    """
    held_out = None if model.split is None else model.split.held_out()
    if held_out is None:
        raise DataError(
            "expected held-out rows; got a model without. Give a table that it has not seen, or fit "
            "with holdout=HoldOut(test=0.2)."
        )
    return held_out[1]

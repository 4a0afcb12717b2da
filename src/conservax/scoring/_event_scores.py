"""Held-out likelihood of windows, beside that of homogeneous Poisson processes."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from conservax.data import Events, Split
from conservax.model import AbstractEventLawInUnits
from conservax.scoring._scores import baselines, compared, held_out_of


@dataclass(frozen=True)
class EventScore:
    """Mean negative log-likelihood per event, nats, in parts that add up.

    **Attributes:**

    - `name`, `detail`: which model, and what was chosen for it on the validation windows.
    - `temporal`: of the times, per unit of time of the events.
    - `spatial`, `spatial_raw`: of the locations given the times, for standardised coordinates and for
      those of the data.
    - `joint`: `temporal` + `spatial_raw`.
    - `this_model_better_by`: nats per event by which our model is better than this one, below 0 where
      it is worse, and `error`, the standard error of that difference, paired over windows; 0 for our
      model itself.
    """

    name: str
    detail: str
    temporal: float
    spatial: float
    spatial_raw: float
    joint: float
    this_model_better_by: float = 0.0
    error: float = 0.0

    @property
    def comparison(self) -> str:
        """Comparison of our model with this one, in words: "better by 0.0450 ± 0.0120 nats"."""
        return compared(self.this_model_better_by, self.error)


def event_scores(model: AbstractEventLawInUnits, events: Events) -> tuple[EventScore, ...]:
    """Scores of our model first, then of a Poisson process in time with the densities of `scores`.

    Baselines are left out where the model has no validation windows, as a model from a file.
    """
    count = max(len(events), 1)
    found = model.log_likelihood(events)
    temporal, spatial = (-float(part.sum()) / count for part in found[1:])
    result = [_score(model, "This model", "", temporal, spatial)]
    if model.split is None or not len(model.split.validation):
        return tuple(result)
    train = model.split.train
    rate = len(train) / (train.sequences * train.length)
    poisson = rate * events.length - events.counts * math.log(rate)  # of each window
    window = events.sequence[np.argsort(events.t, kind="stable")]  # of each row of its table
    rows = Split(*(part.table() for part in model.split))
    for name, detail, losses in baselines(rows, events.table()):
        theirs = poisson + np.bincount(window, losses, minlength=events.sequences)
        difference = theirs + found.temporal + found.spatial
        score = _score(
            model, f"Poisson, {name}", detail, float(poisson.sum()) / count, float(np.mean(losses))
        )
        by, error = _by_event(difference, events.counts)
        result.append(replace(score, this_model_better_by=by, error=error))
    return tuple(result)


def _by_event(
    difference: Float[np.ndarray, " windows"], counts: Int[np.ndarray, " windows"]
) -> tuple[float, float]:
    """Mean difference per event, and its standard error: that of a ratio of means."""
    mean = float(difference.sum() / counts.sum())
    if len(difference) < 2:
        return mean, math.nan
    error = (difference - mean * counts).std(ddof=1) * math.sqrt(len(difference)) / counts.sum()
    return mean, float(error)


def _score(
    model: AbstractEventLawInUnits, name: str, detail: str, temporal: float, spatial: float
) -> EventScore:
    volume = model.units.log_volume
    return EventScore(name, detail, temporal, spatial - volume, spatial, temporal + spatial)


def event_score_frame(model: AbstractEventLawInUnits, events: Events | None = None) -> pd.DataFrame:
    """`event_scores` as a data frame: `model`, `detail`, `nll` and its parts, `difference`, `error`.

    By default on the test windows, or else on the validation windows.

    **Raises:** `DataError` if there are none, and no events.
    """
    windows = held_out_of(model) if events is None else events
    found = [
        {
            "model": score.name,
            "detail": score.detail,
            "nll": score.joint,
            "nll_times": score.temporal,
            "nll_locations": score.spatial,
            "nll_locations_raw": score.spatial_raw,
            "difference": score.this_model_better_by,
            "error": score.error,
        }
        for score in event_scores(model, windows)
    ]
    return pd.DataFrame(found)

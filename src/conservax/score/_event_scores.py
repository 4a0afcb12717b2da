"""Held-out likelihood of windows, beside events that come at a constant rate and remember nothing."""

import math
from dataclasses import dataclass

import numpy as np

from conservax.data import Events, Split
from conservax.model import AbstractEventLawInUnits
from conservax.score._scores import baselines


@dataclass(frozen=True)
class EventScore:
    """Mean negative log-likelihood an event, nats, in parts that add up.

    **Attributes:**

    - `name`, `detail`: which model, and what was chosen for it on the validation windows.
    - `temporal`: of the times, per unit of time of the events.
    - `spatial`, `spatial_raw`: of the places given the times, for standardised coordinates and for
      those of the data.
    - `joint`: `temporal` + `spatial_raw`.
    """

    name: str
    detail: str
    temporal: float
    spatial: float
    spatial_raw: float
    joint: float


def event_scores(model: AbstractEventLawInUnits, events: Events) -> tuple[EventScore, ...]:
    """Our model first, then a Poisson process in time with the density estimates of `scores`.

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
    steady = rate * events.sequences * events.length / count - math.log(rate)
    rows = Split(*(part.table() for part in model.split))
    for name, detail, paid in baselines(rows, events.table()):
        result.append(_score(model, f"Poisson, {name}", detail, steady, float(np.mean(paid))))
    return tuple(result)


def _score(
    model: AbstractEventLawInUnits, name: str, detail: str, temporal: float, spatial: float
) -> EventScore:
    volume = model.units.log_volume
    return EventScore(name, detail, temporal, spatial - volume, spatial, temporal + spatial)

"""Checks of a point process: against held-out windows, and of the law by itself."""

from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import numpy as np

from conservax.check import (
    CheckReport,
    check,
    check_counts,
    check_event_samples,
    check_locations,
    check_rescaled_times,
)
from conservax.data import Events
from conservax.density import AbstractAutoregressiveDensity

if TYPE_CHECKING:
    from conservax.model._event_law_in_units import AbstractEventLawInUnits

SIMULATED = 500  # windows
FOR_SAMPLES = 50  # of them, whose events are ranked
POINTS = 500  # of the law of locations, at conditions that occurred


def check_events(model: "AbstractEventLawInUnits", events: Events | None, seed: int) -> CheckReport:
    """Checks of `EventModel.check`."""
    if events is None and model.split is not None:
        held_out = model.split.held_out()
        events = held_out[1] if held_out else None
    drawn = model.simulate(SIMULATED, seed=seed)
    few = drawn.take(np.arange(FOR_SAMPLES))
    ranked = isinstance(model.law.law.density, AbstractAutoregressiveDensity)
    results = []
    if events is not None and len(events):
        results.append(check_rescaled_times(model.integrated_hazards(events)))
        results += [
            replace(result, detail="; ".join((result.detail, *drawn.notes)))
            for result in check_counts(events.counts, drawn.counts, seed=seed)
        ]
        if ranked:
            results.append(check_locations(model.calibration(events)))
    if ranked and len(few):
        results.append(check_event_samples(model.integrated_hazards(few), model.calibration(few)))
    conditions = model.hidden_states(few if events is None or not len(events) else events)
    locations = check(model.law.law, key=jax.random.key(seed), condition=conditions, points=POINTS)
    # Samples of locations were compared with their law above, together with the times.
    results += [result for result in locations.results if result.name != "samples"]
    return CheckReport(tuple(results), locations.notes)

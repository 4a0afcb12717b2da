"""From windows of events to a model of what comes next, in one call."""

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np

from conservax._types import PRNGKey
from conservax.data import (
    DataError,
    Events,
    EventSplit,
    Split,
    Units,
    check_out_folder,
    check_trainable,
    read_events,
    split_events,
)
from conservax.density import AbstractDensity, BumpMixture, find_clusters
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.model._event_model import EventModel
from conservax.model._fit import run_experiment
from conservax.model._objectives import describe
from conservax.model._run import Experiment, write_experiment
from conservax.model._smoothing import smoothing
from conservax.point_process import Encoder, EventLaw, SequenceLikelihood
from conservax.train import Stage

BACKGROUND = 0.01
# Every component is weighed by the memory. With one for few events places are learned by heart, and
# training stops, for their sake, before the waits are learned.
EVENTS_A_COMPONENT, FEWEST, MOST = 50, 8, 256


def fit_events(
    events: Any,
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    sequence: str | None = None,
    window: float | str | None = None,
    stride: float | str | None = None,
    degrees: bool = False,
    density: Callable[[int, PRNGKey], AbstractDensity] | None = None,
    components: int | None = None,
    state: int = 48,
    echoes: int = 4,
    width: int = 32,
    waits: int = 8,
    steps: int = 1500,
    validation: float = 0.1,
    test: float = 0.0,
    split_by: Literal["random", "time"] = "random",
    batch_size: int = 16,
    learning_rate: float = 2e-3,
    noise: float | None = None,
    patience: int | None = 600,
    members: int = 1,
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    force: bool = False,
    progress: bool = True,
) -> EventModel:
    """Learn when and where the next event comes, given the events so far.

    **Arguments:**

    - `events`: `conservax.data.Events`, an `EventSplit`, which is taken as it is, or what
      `conservax.data.read_events` reads with `time`, `columns`, `sequence`, `window`, `stride` and
      `degrees`.
    - `density`: of the next place: a function of the length of the condition and a random key. By
      default a `BumpMixture` with `components` kernels (one for 50 events, 8 to 256) that begin at
      the clusters of the events, and one at each of the last `echoes` events, all weighed by a
      network of hidden `width`.
    - `state`: length of the memory of the events before, beside the echoes.
    - `waits`: Weibull distributions of the wait for the next event.
    - `steps`, `batch_size` (windows a step), `learning_rate`, `patience`, `noise`, `members`,
      `seed`, `out`, `force`: see `conservax.fit`.
    - `validation`, `test`, `split_by`: whole windows are held out; see
      `conservax.data.split_events`.

    **Raises:** `conservax.DataError` for bad input, naming column, row and remedy.
    """
    if out is not None:
        check_out_folder(out, force)
    if not isinstance(events, Events | EventSplit):
        how = {"time": time, "columns": columns, "sequence": sequence, "window": window}
        events = read_events(events, **how, stride=stride, degrees=degrees)
        for note in events.notes:
            warnings.warn(f"{events.source}: {note}", stacklevel=2)
    if isinstance(events, Events):
        events = split_events(events, validation=validation, test=test, by=split_by, seed=seed)
    train = events.train
    check_trainable(train.table())
    units = dataclasses.replace(Units.of(train.table()), time=train.axis)
    waits_seen = np.diff(train.t)[np.diff(train.sequence) == 0] / train.length
    waits_seen = waits_seen[waits_seen > 0]
    if not len(waits_seen):
        raise DataError(
            f"{train.source}: expected windows with several events at different times, to learn "
            "what follows what; got none. Give longer windows, or use conservax.fit."
        )
    if noise is None:
        rows = Split(*(part.table() for part in events))
        noise = smoothing(rows, units, len(train))[0]
    make = density or _bumps_at(
        units.standardise(train.x),
        _components_for(len(train)) if components is None else components,
        seed,
        rank=width,
        background=BACKGROUND,
        echoes=echoes,
    )

    def initial(key: PRNGKey) -> EventLaw:
        keys = jax.random.split(key, 3)
        encoder = Encoder(units.dim, state, echoes=echoes, key=keys[0])
        rho = make(encoder.memory, keys[1])
        law = ConservationLaw(rho, KnotheRosenblatt())
        typical = float(np.median(waits_seen))
        scales = np.quantile(waits_seen, (np.arange(waits) + 0.5) / waits)
        return EventLaw(
            law, encoder, typical_wait=typical, components=waits, scales=scales, key=keys[2]
        )

    stages = (Stage(steps, SequenceLikelihood()),)
    settings = {
        "source": train.source,
        "rows": sum(map(len, events)),
        "windows": sum(part.sequences for part in events),
        "longest_window": int(max(part.counts.max(initial=1) for part in events)),
        "notes": list(train.notes),
        "events": train.how(),
        "comcat": train.comcat,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "patience": patience,
        "noise": noise,
        "time_noise": 0.0,
        "members": members,
        "seed": seed,
        "own_optimiser": False,
        "own_objective": False,
        "objective": describe(stages),
        "most_steps": steps,
    }
    experiment = Experiment(initial(jax.random.key(seed)), stages, units, settings, events)
    run = None if out is None else Path(out)
    if run is not None:
        write_experiment(run, experiment)
    return run_experiment(experiment, run, initial, None, progress)


def _components_for(events: int) -> int:
    count = min(max(events // EVENTS_A_COMPONENT, FEWEST), MOST)
    return min(count, events)


def _bumps_at(
    places: np.ndarray, count: int, seed: int, **options: Any
) -> Callable[[int, PRNGKey], AbstractDensity]:
    """Bumps at the clusters of standardised places, which are found once for all members."""
    clusters = find_clusters(places, count, seed=seed)

    def make(condition_dim: int, key: PRNGKey) -> AbstractDensity:
        return BumpMixture.from_clusters(clusters, condition_dim=condition_dim, key=key, **options)

    return make

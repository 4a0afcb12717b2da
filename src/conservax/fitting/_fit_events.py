"""From windows of events to a model of what comes next, in one call."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np
from jaxtyping import Float

from conservax.data import (
    DataError,
    Events,
    EventSplit,
    HoldOut,
    Split,
    check_output_folder,
    read_events,
)
from conservax.fitting._dataset import Dataset, windows_of
from conservax.fitting._event_model import EventModel
from conservax.fitting._experiment import Experiment, run_experiment
from conservax.fitting._input_noise import input_noise
from conservax.fitting._objectives import describe
from conservax.fitting._run import MODEL, around, write_experiment
from conservax.model import Settings
from conservax.models import PointProcess, kind_of
from conservax.point_process import SequenceLikelihood
from conservax.train import OnChunk, Stage, Training

USUAL = Training(steps=1500, batch_size=16, learning_rate=2e-3, patience=600, time_noise=0.0)


def fit_events(
    data: Any,
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    sequence: str | None = None,
    window: float | str | None = None,
    stride: float | str | None = None,
    degrees: bool = False,
    model: PointProcess = PointProcess(),
    training: Training = Training(),
    holdout: HoldOut = HoldOut(),
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    force: bool = False,
    on_chunk: OnChunk | None = None,
) -> EventModel:
    """Learn when and where the next event comes, given the events so far.

    **Arguments:**

    - `data`: `conservax.data.Events`, an `EventSplit`, which is taken as it is, or what
      `conservax.data.read_events` reads with `time`, `columns`, `sequence`, `window`, `stride` and
      `degrees`.
    - `model`: settings of the point process.
    - `training`: as in `fit`; a batch is of windows.
    - `holdout`: whole windows are held out; see `conservax.data.split_events`.
    - `seed`, `out`, `force`, `on_chunk`: see `fit`.

    **Raises:** `conservax.DataError` for bad input, naming column, row and remedy; `TypeError` for
    another model.
    """
    if out is not None:
        check_output_folder(out, force)
    if not isinstance(model, PointProcess):
        raise TypeError(
            f"expected a model of events, such as PointProcess(components=64); got {kind_of(model)}."
        )
    if training.time_noise:
        raise DataError("expected no time_noise for events, whose times are learned; got some.")
    if not isinstance(data, Events | EventSplit):
        names = {"time": time, "columns": columns, "sequence": sequence, "window": window}
        data = read_events(data, **names, stride=stride, degrees=degrees)
        for note in data.notes:
            warnings.warn(f"{data.source}: {note}", stacklevel=2)
    dataset = windows_of(data, holdout, seed)
    experiment = _experiment(dataset, model, training, holdout, seed)
    run = None if out is None else Path(out)
    if run is not None:
        write_experiment(run, experiment)
    fitted = around(run_experiment(experiment, run, on_chunk), dataset.split)
    assert isinstance(fitted, EventModel)  # of a law of windows
    if run is not None:
        fitted.write(run / MODEL)
    return fitted


def _experiment(
    dataset: Dataset, model: PointProcess, training: Training, holdout: HoldOut, seed: int
) -> Experiment:
    """The experiment, with no setting left to choose."""
    split, units = cast(EventSplit, dataset.split), dataset.units
    train = split.train
    begin = model.law_maker(units.standardise(train.x), _intervals(train), seed)
    usual = USUAL
    if training.noise is None:
        rows = Split(*(part.table() for part in split))
        usual = replace(USUAL, noise=input_noise(rows, units, len(train))[0])
    filled = training.filled(usual)
    assert filled.steps is not None
    stages = (Stage(filled.steps, SequenceLikelihood()),)
    settings = Settings(
        model=model,
        training=filled,
        holdout=holdout,
        seed=seed,
        objective=describe(stages),
        own=("optimiser",) if training.optimiser is not None else (),
        **dataset.provenance,
    )
    start = begin(jax.random.key(seed))
    return Experiment(start, begin, stages, filled, dataset, settings)


def _intervals(train: Events) -> Float[np.ndarray, " intervals"]:
    """Inter-event times above 0, in windows.

    **Raises:** `DataError` if there are none.
    """
    intervals = np.diff(train.t)[np.diff(train.sequence) == 0] / train.length
    intervals = intervals[intervals > 0]
    if not len(intervals):
        raise DataError(
            f"{train.source}: expected windows with several events at different times, to learn "
            "what follows what; got none. Give longer windows, or use conservax.fit."
        )
    return intervals

"""Resume a run that was killed or interrupted; load one that is finished."""

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import optax

from conservax.data import DataError
from conservax.fitting._event_model import EventModel
from conservax.fitting._experiment import run_experiment
from conservax.fitting._model import Model
from conservax.fitting._objectives import stages_of
from conservax.fitting._run import MODEL, around, open_run, read_experiment
from conservax.objective import AbstractObjective, Sum
from conservax.train import CHECKPOINT, OnChunk, Stage


def resume(
    run: str | PathLike[str],
    *,
    like: Any = None,
    objective: AbstractObjective | Sum | Sequence[Stage] | None = None,
    optimiser: optax.GradientTransformation | None = None,
    on_chunk: OnChunk | None = None,
) -> Model | EventModel:
    """Resume a killed or interrupted run, bit for bit, to its end.

    `objective` and `optimiser` are needed, the same again, where `fit` had an explicit optimiser, or
    an objective that holds a class of your own; `like`, a law built in the same way, where the
    law has parts of your own: files hold no code. `on_chunk`: as in `fit`.

    **Raises:** `DataError` if the folder holds no run that can go on, or if one of these is missing.
    """
    run = Path(run)
    experiment = read_experiment(run, like=like)
    settings = experiment.settings
    if not (run / CHECKPOINT).is_file():
        raise DataError(f"{run}: killed before its first step, so nothing is lost. Fit again.")
    for name, part in (("optimiser", optimiser), ("objective", objective)):
        if (name in settings.own) != (part is not None):
            had = "had its own" if name in settings.own else "did not have its own"
            raise DataError(f"{run}: this run {had} {name}. Resume with the same as `fit`.")
    assert settings.training is not None  # of every fit
    if objective is not None:
        steps = None if isinstance(objective, Sequence) else settings.training.steps
        experiment = replace(experiment, stages=stages_of(objective, steps, 1))
    training = replace(settings.training, optimiser=optimiser)
    stored = run_experiment(replace(experiment, training=training), run, on_chunk)
    model = around(stored, experiment.dataset.split)
    model.write(run / MODEL)
    return model


def load(path: str | PathLike[str], *, like: Any = None) -> Model | EventModel:
    """Read a model file, or the folder of a run with its rows. Reading never runs code: the files
    hold arrays and plain JSON.

    `like` is a law built in the same way, for a model whose law has parts of your own: the file
    then holds its numbers alone.

    **Raises:** `DataError` if the file is missing, truncated, foreign or of another version.
    """
    return open_run(Path(path), like)

"""The folder of a run: settings, rows, checkpoint, metrics, and the model at the end."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from conservax._files import write_sealed, write_whole
from conservax.data import DataError, EventSplit, Split, Units
from conservax.fitting._dataset import Dataset, shards_again
from conservax.fitting._event_model import EventModel
from conservax.fitting._experiment import Experiment
from conservax.fitting._model import Model
from conservax.fitting._stored_rows import read_split, write_split
from conservax.model import (
    Settings,
    Stored,
    law_of_part,
    law_part,
    load_model,
    load_parts,
    pack_parts,
    plain,
)
from conservax.point_process import EventLaw
from conservax.train import CHECKPOINT, METRICS, Stage, Training

MODEL, EXPERIMENT, DATA = "model.conservax", "experiment.conservax", "data.npz"
CONFIG = "config.json"  # the settings of a run, for people
RUN_FILES = (MODEL, EXPERIMENT, CONFIG, DATA, CHECKPOINT, METRICS, "report.html")


def write_experiment(run: Path, experiment: Experiment) -> None:
    """Store an experiment before its first step, in place of an earlier run."""
    settings = experiment.settings
    stages = None if "objective" in settings.own else tuple(experiment.stages)
    about = {"units": experiment.units.to_json()}
    start = law_part(experiment.start, None)
    packed = pack_parts({"law": start, "stages": stages, "settings": settings, "about": about})
    for name in RUN_FILES:
        (run / name).unlink(missing_ok=True)
    run.mkdir(parents=True, exist_ok=True)
    write_split(run / DATA, experiment.dataset.split)
    readable = {"settings": plain(settings), **about}
    write_whole(run / CONFIG, (json.dumps(readable, indent=2) + "\n").encode())
    write_sealed(run / EXPERIMENT, packed)


def read_experiment(
    run: Path,
    *,
    like: Any = None,
    stages: tuple[Stage, ...] | None = None,
    training: Training | None = None,
) -> Experiment:
    """The experiment of a run folder.

    **Arguments:**

    - `like`: a start of the same structure, where the law has parts of the user's own.
    - `stages`, `training`: in the place of those that hold parts of the user's own.

    **Raises:** `DataError` if the folder holds none, or the rows of a stream have changed.
    """
    if not (run / EXPERIMENT).is_file():
        raise DataError(f"{run}: not the folder of a run. Give the out of a fit.")
    parts = load_parts(run / EXPERIMENT)
    settings, units = parts["settings"], Units.from_json(parts["about"]["units"])
    start = law_of_part(run / EXPERIMENT, parts["law"], like)
    dataset = _dataset(run, settings, units, read_split(run / DATA))
    return Experiment(
        start=start,
        begin=lambda _: start,
        stages=stages or parts["stages"],
        training=training or settings.training,
        dataset=dataset,
        settings=settings,
    )


def _dataset(run: Path, settings: Settings, units: Units, split: Split | EventSplit) -> Dataset:
    """The rows of a run, as they were before it was interrupted."""
    names = [n for n in Dataset.__dataclass_fields__ if hasattr(settings, n)]
    kept = {name: getattr(settings, name) for name in names}
    dataset = Dataset(split=split, units=units, **kept)
    if settings.stream is None:
        return dataset
    assert settings.holdout is not None  # of every fit
    known = {"seed": settings.seed, "units": units, "rows": settings.rows}
    shards = shards_again(run, settings.stream, settings.holdout, **known)
    return replace(dataset, shards=shards)


def open_run(path: Path, like: Any = None) -> Model | EventModel:
    """The model of a run folder with its rows, or of a bare model file without."""
    if path.is_file():
        return around(load_model(path, like), split=None)
    if not path.exists():
        raise DataError(f"{path}: no such run. Give the out of a fit, or a model file.")
    if not (path / MODEL).is_file():
        if (path / EXPERIMENT).is_file():
            raise DataError(
                f"{path}: the run is not finished. Resume with `conservax fit --resume {path}`."
            )
        raise DataError(f"{path}: no {MODEL} in this folder. Give the out of a fit.")
    return around(load_model(path / MODEL, like), split=read_split(path / DATA))


def around(stored: Stored, split: Split | EventSplit | None) -> Model | EventModel:
    """A `Model` or `EventModel` around a trained law."""
    known: dict[str, Any] = {
        "metrics": stored.metrics,
        "settings": stored.settings,
        "split": split,
    }
    if isinstance(stored.law, EventLaw):
        return EventModel(stored.law, stored.units, **known)
    return Model(stored.law, stored.units, **known, reference=stored.reference)

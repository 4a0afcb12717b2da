"""The folder of a run: what was asked, the rows, where training is, and the model at the end."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from conservax.data import DataError, Dealt, EventSplit, Split, Units
from conservax.law import ConservationLaw
from conservax.model._event_model import EventModel
from conservax.model._file import load_model, load_parts, pack_parts
from conservax.model._model import Model
from conservax.model._stored_rows import read_split, write_split
from conservax.point_process import EventLaw
from conservax.train import CHECKPOINT, METRICS, Stage, write_atomically, write_sealed

MODEL, EXPERIMENT, DATA = "model.conservax", "experiment.conservax", "data.npz"
CONFIG = "config.json"  # for people: what a run was asked for
RUN_FILES = (MODEL, EXPERIMENT, CONFIG, DATA, CHECKPOINT, METRICS, "report.html")


class Experiment(NamedTuple):
    """Everything that `fit` needs to start, or to go on.

    Objectives of the user's own cannot be written down: `stages` is None when read back. `dealt`
    holds the rows of a stream, of which `split` has a sample; it is not written down either.
    """

    law: ConservationLaw | EventLaw
    stages: tuple[Stage, ...] | None
    units: Units
    settings: dict[str, Any]
    split: Split | EventSplit
    dealt: Dealt | None = None


def write_experiment(run: Path, experiment: Experiment) -> None:
    """Store an experiment before its first step, in place of what an earlier run left.

    **Raises:** `CodecError`, before anything is touched, if the law cannot be written down.
    """
    stages = None
    if experiment.stages is not None and not experiment.settings["own_objective"]:
        stages = tuple((stage.steps, stage.objective) for stage in experiment.stages)
    about = {"units": experiment.units.to_json(), "settings": experiment.settings}
    packed = pack_parts({"law": experiment.law, "stages": stages, "about": about})
    for name in RUN_FILES:
        (run / name).unlink(missing_ok=True)
    run.mkdir(parents=True, exist_ok=True)
    write_split(run / DATA, experiment.split)
    write_atomically(run / CONFIG, (json.dumps(about, indent=2) + "\n").encode())
    write_sealed(run / EXPERIMENT, packed)


def read_experiment(run: Path) -> Experiment:
    """The experiment of a run folder.

    **Raises:** `DataError` if the folder holds none.
    """
    if not (run / EXPERIMENT).is_file():
        raise DataError(f"{run}: not the folder of a run. Give what was `--out` of `fit`.")
    parts = load_parts(run / EXPERIMENT)
    about = parts["about"]
    stored = parts["stages"]
    stages = stored and tuple(Stage(steps, objective) for steps, objective in stored)
    units = Units.from_json(about["units"])
    split = read_split(run / DATA)
    return Experiment(parts["law"], stages, units, about["settings"], split)


def open_run(path: Path) -> Model | EventModel:
    """The model of a run folder with its rows, or of a bare model file without."""
    if path.is_file():
        return around(*load_model(path), split=None)
    if not path.exists():
        raise DataError(f"{path}: no such run. Give what was `--out` of `fit`, or a model file.")
    if not (path / MODEL).is_file():
        if (path / EXPERIMENT).is_file():
            raise DataError(
                f"{path}: the run is not finished. Go on with `conservax fit --resume {path}`."
            )
        raise DataError(f"{path}: no {MODEL} in this folder. Give what was `--out` of `fit`.")
    return around(*load_model(path / MODEL), split=read_split(path / DATA))


def around(
    law: ConservationLaw | EventLaw,
    units: Units,
    settings: dict[str, Any],
    history: pd.DataFrame,
    split: Split | EventSplit | None,
) -> Model | EventModel:
    """The user's object for this law."""
    kind = EventModel if isinstance(law, EventLaw) else Model
    return kind(law, units, history=history, settings=settings, split=split)  # type: ignore

"""From a table to a model, in one call."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

import jax

from conservax.data import (
    DataError,
    Events,
    EventSplit,
    HoldOut,
    Split,
    Stream,
    Table,
    check_output_folder,
    open_table,
)
from conservax.fitting._dataset import Dataset, dataset_of
from conservax.fitting._experiment import Experiment, run_experiment
from conservax.fitting._growing import check_prior_growth
from conservax.fitting._input_noise import input_noise
from conservax.fitting._model import Model
from conservax.fitting._objectives import (
    check_objective,
    describe,
    is_known,
    stages_of,
    usual_objective,
)
from conservax.fitting._run import MODEL, around, write_experiment
from conservax.model import Settings
from conservax.models import MODELS, AbstractModelSpec, kind_of, law_maker
from conservax.objective import AbstractObjective, Sum
from conservax.train import OnChunk, Stage, Training

USUAL = Training(steps=2000, batch_size=256, learning_rate=2e-3, patience=1000)


def fit(
    data: Any,
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    dims: int | None = None,
    model: AbstractModelSpec | str = "autoregressive",
    objective: AbstractObjective | Sum | Sequence[Stage] | None = None,
    training: Training = Training(),
    holdout: HoldOut = HoldOut(),
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    force: bool = False,
    on_chunk: OnChunk | None = None,
) -> Model:
    """Learn how the points of a table move.

    **Arguments:**

    - `data`: path of a file in one of `conservax.data.FORMATS`, a DataFrame, an AnnData object, a
      dictionary of arrays, a pair of arrays `(t, x)`, a `conservax.data.Table`, or
      `conservax.data.Events`, whose windows are superimposed: time runs over a window, and
      windows are held out whole. An `EventSplit` is taken as it is.
    - `time`, `columns`, `dims`: the time column, the coordinates, and how many of an array such as
      `X_pca`; see `conservax.data.read_table`. Where times are few (snapshots: at most 50, with at
      least 5 rows each), all times have equal weight in training and validation, whatever their rows.
    - `model`: what to fit: one of `conservax.models`, such as `KernelMixture(components=64)`, or the
      name of one with its usual settings: "autoregressive", "factorized", "kernel-mixture" for
      populations with fixed locations, "flow" and "trajectories" for snapshots.
    - `objective`: replaces likelihood and energy; or a list of `Stage(steps, objective)`.
    - `training`: steps, batch size, learning rate, input noise, early stopping and so on.
    - `holdout`: which rows are kept for validation and for the test.
    - `seed`: decides everything random.
    - `out`: folder for checkpoints, metrics and the model; a killed run goes on with
      `conservax.resume(out)`. `force` replaces what is there.
    - `on_chunk`: called with a `ChunkReport` (step, losses, terms) every `training.chunk` steps, for
      a logger such as TensorBoard; training stops early if it returns True.

    A streamed Parquet file (see `Training.memory_rows`) has at most 50 000 rows each for
    validation and test, and `Model.split.train` is a sample.

    **Raises:** `conservax.DataError` for bad input, naming column, row and remedy.
    """
    if out is not None:
        check_output_folder(out, force)
    spec = _model_spec(model)
    check_objective(objective, spec)
    source = _read(data, spec, {"time": time, "columns": columns, "dims": dims}, training)
    check_prior_growth(source, spec, objective is not None)
    dataset = dataset_of(source, holdout, seed, out)
    experiment = _experiment(dataset, spec, objective, training, holdout, seed)
    run = None if out is None else Path(out)
    if run is not None:
        write_experiment(run, experiment)
    stored = run_experiment(experiment, run, on_chunk)
    fitted = around(stored, dataset.split)
    assert isinstance(fitted, Model)  # of a law of rows
    if run is not None:
        fitted.write(run / MODEL)
    return fitted


def _model_spec(model: Any) -> AbstractModelSpec:
    """The settings of a model, or the usual ones of a model with this name.

    **Raises:** `DataError` for another name; `TypeError` for what is not a model.
    """
    if isinstance(model, AbstractModelSpec):
        return model
    if isinstance(model, str):
        if model not in MODELS:
            raise DataError(f"expected a model of {list(MODELS)}; got {model!r}.")
        return MODELS[model]()
    raise TypeError(
        "expected a model of conservax.models, such as KernelMixture(components=64), or its name; "
        f"got {kind_of(model)}."
    )


def _read(
    data: Any, spec: AbstractModelSpec, names: dict[str, Any], training: Training
) -> Table | Events | EventSplit | Stream:
    """The rows, read if need be; assumptions made in reading are warned of."""
    if isinstance(data, Table | Events | EventSplit | Stream):
        return data
    prior = getattr(spec, "prior_growth", None)
    source = open_table(data, **names, memory_rows=training.memory_rows, growth=prior)
    for note in source.notes:
        warnings.warn(f"{source.source}: {note}", stacklevel=3)
    return source


def _experiment(
    dataset: Dataset,
    spec: AbstractModelSpec,
    objective: Any,
    training: Training,
    holdout: HoldOut,
    seed: int,
) -> Experiment:
    """The experiment, with no setting left to choose."""
    units, train = dataset.units, dataset.split.train
    assert isinstance(train, Table)  # windows were superimposed
    t, x = units.time.to_unit(train.t), units.standardise(train.x)
    begin = law_maker(spec, units, t, x, seed=seed)
    own = () if objective is None else ("objective",)
    chosen = usual_objective(spec, train, units) if objective is None else objective
    stages = stages_of(chosen, training.steps, USUAL.steps or 1)
    if own and is_known(stages):
        own = ()
    filled = training.filled(replace(USUAL, **_noise(dataset, spec, training)))
    own += ("optimiser",) if training.optimiser is not None else ()
    settings = Settings(
        model=spec,
        training=replace(filled, steps=sum(stage.steps for stage in stages)),
        holdout=holdout,
        seed=seed,
        objective=describe(stages),
        own=own,
        **dataset.provenance,
    )
    start = begin(jax.random.key(seed))
    return Experiment(start, begin, stages, filled, dataset, settings)


def _noise(dataset: Dataset, spec: AbstractModelSpec, training: Training) -> dict[str, float]:
    """Input noise for positions and times, where it is None."""
    if None not in (training.noise, training.time_noise):
        return {}
    split = cast(Split, dataset.split)
    fraction = spec.noise_fraction(split.train.t)
    found = input_noise(split, dataset.units, dataset.training_rows, fraction=fraction)
    return dict(zip(("noise", "time_noise"), found, strict=True))

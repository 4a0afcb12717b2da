"""From a table to a model, in one call."""

import dataclasses
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import pandas as pd

from conservax._types import PRNGKey, Scalar, Time
from conservax.data import (
    DataError,
    Split,
    Table,
    TimeAxis,
    Units,
    check_out,
    check_trainable,
    read_table,
    split,
)
from conservax.density import AbstractDensity, Autoregressive
from conservax.flux import AbstractDivergenceFree, AbstractFlux, KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.model._model import Model
from conservax.model._run import MODEL, RUN_FILES, Experiment, read_experiment, write_experiment
from conservax.model._smoothing import smoothing
from conservax.objective import (
    AbstractObjective,
    KineticEnergy,
    NegativeLogLikelihood,
    Rows,
    Sum,
    as_sum,
)
from conservax.train import ProgressBar, Stage, train

MOST_VALIDATION_ROWS = 4096


def fit(
    table: Any,
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    density: Callable[[PRNGKey], AbstractDensity] | None = None,
    flux: AbstractFlux | None = None,
    divergence_free: Callable[[PRNGKey], AbstractDivergenceFree] | None = None,
    diffusion: float | Callable[[Time], Scalar] = 0.0,
    kinetic: float = 0.01,
    objective: AbstractObjective | Sum | Sequence[Stage] | None = None,
    steps: int = 2000,
    validation: float = 0.1,
    test: float = 0.0,
    components: int = 16,
    width: int = 128,
    depth: int = 3,
    max_frequency: float = 1.0,
    batch_size: int = 256,
    learning_rate: float = 2e-3,
    optimiser: optax.GradientTransformation | None = None,
    noise: float | None = None,
    time_noise: float | None = None,
    patience: int | None = 1000,
    members: int = 1,
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    force: bool = False,
    progress: bool = True,
) -> Model:
    """Learn how the points of a table move.

    **Arguments:**

    - `table`: path of a CSV, Parquet or `.npz` file, a DataFrame, a dictionary of arrays, a pair
      of arrays `(t, x)`, or a `conservax.data.Table`.
    - `time`, `columns`: the time column and the coordinates; see `conservax.data.read_table`.
    - `components`, `width`, `depth`, `max_frequency`: of the default `Autoregressive` density.
      Raise `max_frequency` (cycles over the whole time range) for data with fast cycles.
    - `density`, `divergence_free`: a function of a random key, for another density or an added
      divergence-free part, say `lambda key: conservax.flux.MatrixField(2, key=key)`.
    - `flux`: `KnotheRosenblatt()` by default.
    - `diffusion`: volatility g, a number or a function of t in [0, 1], in standard deviations of
      the data per square root of the time range.
    - `kinetic`: weight of the kinetic energy beside the likelihood, over standardised data and
      unit time. Light by default, against wiggles in time; 0 turns it off.
    - `objective`: replaces likelihood + kinetic energy; or a list of `Stage(steps, objective)`.
    - `steps`, `batch_size`, `learning_rate`, `optimiser`, `patience`: see `conservax.train.train`.
    - `noise`, `time_noise`: standard deviation of fresh noise on the training rows of every batch,
      in standardised positions and of the unit time range: a kernel of that width against learning
      few rows by heart. By default chosen from the rows (`conservax.model.smoothing`); 0 for none.
    - `validation`, `test`: fractions of the rows kept from training; early stopping looks at the
      validation rows, nothing looks at the test rows.
    - `members`: laws trained at once from different seeds; the best on the validation rows is kept.
    - `seed`: decides everything random.
    - `out`: folder for checkpoints, metrics and the model; a killed run goes on with
      `conservax.resume(out)`.

    **Raises:** `conservax.DataError` for bad input, naming column, row and remedy.
    """
    if out is not None:
        check_out(out, force)
    table = table if isinstance(table, Table) else read_table(table, time=time, columns=columns)
    check_trainable(table)
    parts = split(table, validation=validation, test=test, seed=seed)
    check_trainable(parts.train)
    units = dataclasses.replace(Units.of(parts.train), time=TimeAxis.of(table))
    if objective is None:
        likelihood = NegativeLogLikelihood()
        objective = likelihood + kinetic * KineticEnergy() if kinetic else likelihood
    is_plan = isinstance(objective, Sequence)
    stages = tuple(objective) if is_plan else (Stage(steps, as_sum(objective)),)

    def initial(key: PRNGKey) -> ConservationLaw:
        density_key, field_key = jax.random.split(key)
        if density is None:
            rho = Autoregressive(
                units.dim,
                components=components,
                width=width,
                depth=depth,
                max_frequency=max_frequency,
                key=density_key,
            )
        else:
            rho = density(density_key)
        field = divergence_free(field_key) if divergence_free is not None else None
        return ConservationLaw(rho, flux or KnotheRosenblatt(), field, diffusion)

    law = initial(jax.random.key(seed))
    if law.dim != units.dim:
        raise DataError(
            f"expected a density of dim {units.dim}, one for each of {list(units.columns)}; "
            f"got dim {law.dim}."
        )
    chosen = smoothing(parts, units) if None in (noise, time_noise) else (0.0, 0.0)
    settings = {
        "source": table.source,
        "rows": len(table),
        "notes": list(table.notes),
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "patience": patience,
        "noise": chosen[0] if noise is None else noise,
        "time_noise": chosen[1] if time_noise is None else time_noise,
        "members": members,
        "seed": seed,
        "own_optimiser": optimiser is not None,
        "objective": describe(stages),
    }
    experiment = Experiment(law, stages, units, settings, parts)
    run = None if out is None else Path(out)
    if run is not None:
        _clear(run)
        write_experiment(run, experiment)
    return _run(experiment, run, initial, optimiser, progress)


def resume(
    run: str | PathLike[str],
    *,
    optimiser: optax.GradientTransformation | None = None,
    progress: bool = True,
) -> Model:
    """Go on with a killed or interrupted run, bit for bit, to its end.

    **Raises:** `DataError` if the folder holds no run, or if the run used an optimiser of your
    own and it is not given again.
    """
    run = Path(run)
    experiment = read_experiment(run)
    if experiment.settings["own_optimiser"] and optimiser is None:
        raise DataError(f"{run}: this run had its own optimiser. Give it again: optimiser=...")
    return _run(experiment, run, lambda key: experiment.law, optimiser, progress)


def load(path: str | PathLike[str]) -> Model:
    """Read a model file. It holds arrays and plain JSON: reading it never runs code.

    **Raises:** `DataError` if the file is missing, truncated, foreign or of another version.
    """
    return Model.load(path)


def describe(stages: Sequence[Stage]) -> str:
    """The objective in words: `2000 steps of nll + 0.001 kinetic`."""

    def one(stage: Stage) -> str:
        terms = as_sum(stage.objective).terms
        text = " + ".join(t.name if w == 1 else f"{w:g} {t.name}" for w, t in terms)
        return f"{stage.steps} steps of {text}"

    return ", then ".join(map(one, stages))


def _run(
    experiment: Experiment,
    run: Path | None,
    initial: Callable[[PRNGKey], ConservationLaw],
    optimiser: optax.GradientTransformation | None,
    progress: bool,
) -> Model:
    settings = experiment.settings
    model = Model(
        experiment.law,
        experiment.units,
        history=pd.DataFrame(),
        settings=settings,
        split=experiment.split,
    )
    with ProgressBar(sum(s.steps for s in experiment.stages), visible=progress) as bar:
        trained = train(
            experiment.law,
            model.rows(experiment.split.train),
            experiment.stages,
            key=jax.random.key(settings["seed"]),
            validation=_validation(model, experiment.split),
            batch_size=settings["batch_size"],
            learning_rate=settings["learning_rate"],
            optimiser=optimiser,
            patience=settings["patience"],
            noise=settings["noise"],
            time_noise=settings["time_noise"],
            members=settings["members"],
            initial=initial,
            run=run,
            on_chunk=bar.show,
        )
    model.law = trained.law
    history = trained.history.query("member == @trained.member")
    model.history = history.drop(columns="member").reset_index(drop=True)
    model.settings = settings | {
        "steps": trained.steps,
        "stopped_early": trained.stopped_early,
        "best_member": trained.member,
    }
    if run is not None:
        model.write(run / MODEL)
    return model


def _validation(model: Model, parts: Split) -> Rows | None:
    """Validation rows in law units, at most `MOST_VALIDATION_ROWS` of them, evenly chosen."""
    table = parts.validation
    if not len(table):
        return None
    chosen = np.linspace(0, len(table) - 1, min(len(table), MOST_VALIDATION_ROWS)).astype(int)
    return model.rows(table.take(chosen))


def _clear(run: Path) -> None:
    """Take away what an earlier run left: only files that a run writes."""
    for name in RUN_FILES:
        (run / name).unlink(missing_ok=True)

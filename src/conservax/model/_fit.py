"""From a table to a model, in one call."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import jax
import optax
import pandas as pd

from conservax._types import Point, PRNGKey, Scalar, Time, Vector
from conservax.data import (
    MEMORY_ROWS,
    DataError,
    Events,
    EventSplit,
    Stream,
    Table,
    Units,
    check_out_folder,
    open_table,
)
from conservax.density import AbstractDensity
from conservax.flux import AbstractDivergenceFree, AbstractFlux, MixtureFlux
from conservax.law import ConservationLaw
from conservax.model._densities import (
    DensityName,
    density_maker,
    growing,
    usual_flux,
)
from conservax.model._event_model import EventModel
from conservax.model._growing import MASS_WEIGHT, check_growth_prior, mass_error
from conservax.model._model import Model
from conservax.model._objectives import describe, is_known, stages_of, usual_objective
from conservax.model._parts import (
    ReferenceName,
    check_parts,
    check_weights,
    reference_of,
)
from conservax.model._run import (
    MODEL,
    Experiment,
    around,
    open_run,
    read_experiment,
    write_experiment,
)
from conservax.model._smoothing import smoothing
from conservax.model._streamed import deal_again, deal_out, how
from conservax.model._training_rows import (
    about_times,
    check_left_out,
    divide,
    training_rows,
    validation_rows,
)
from conservax.objective import AbstractObjective, Sum
from conservax.reference import AbstractReference
from conservax.train import CHECKPOINT, ProgressBar, Stage, train


def fit(
    table: Any,
    *,
    time: str | None = None,
    columns: Sequence[str] | None = None,
    dims: int | None = None,
    density: Callable[[PRNGKey], AbstractDensity] | DensityName = "autoregressive",
    flux: AbstractFlux | None = None,
    divergence_free: Callable[[PRNGKey], AbstractDivergenceFree] | None = None,
    diffusion: float | Callable[[Time], Scalar] = 0.0,
    reference: AbstractReference | Callable[[Time, Point], Vector] | ReferenceName | None = None,
    kinetic: float | None = None,
    growth: float | None = None,
    growth_prior: str | None = None,
    masses: Mapping[Any, float] | None = None,
    objective: AbstractObjective | Sum | Sequence[Stage] | None = None,
    steps: int = 2000,
    validation: float = 0.1,
    test: float = 0.0,
    split_by: Literal["random", "time"] = "random",
    leave_out: Any = (),
    memory_rows: int = MEMORY_ROWS,
    components: int | None = None,
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

    - `table`: path of a CSV, Parquet, `.npz` or `.h5ad` file, a DataFrame, an AnnData object, a
      dictionary of arrays, a pair of arrays `(t, x)`, a `conservax.data.Table`, or
      `conservax.data.Events`, whose windows are laid on top of one another: time runs over a
      window, and windows are held out whole. An `EventSplit` is taken as it is.
    - `time`, `columns`, `dims`: the time column, the coordinates, and how many of an array such as
      `X_pca`; see `conservax.data.read_table`. Where times are few (snapshots: at most 50, with at
      least 5 rows each), all times count equally in training and validation, whatever their rows.
    - `density`: "autoregressive"; "bumps", many bumps that begin at the clusters of the rows,
      for populations of fixed places; "paths", of snapshots, as many that move, begun on cells
      coupled from each snapshot to the next; or a function of a random key.
    - `components`: of the density; 16 logistics a coordinate, or 1024 bumps, or 512 paths.
    - `width`, `depth`: of the network of "autoregressive".
    - `max_frequency`: cycles over the whole time range. Raise it for data with fast cycles.
    - `divergence_free`: a function of a random key for an added divergence-free part, say
      `lambda key: conservax.flux.MatrixField(2, key=key)`.
    - `flux`: `KnotheRosenblatt()` by default; of "paths" `MixtureFlux(FactorizedFlux())`.
    - `diffusion`: volatility g, a number or a function of t in [0, 1], in standard deviations of
      the data per square root of the time range.
    - `reference`: the dynamics that the population is taken to follow as closely as it can, with
      `diffusion`: a drift v(t, x) in units of the columns per unit of time (t counts from the
      first time where these are timestamps, in days); a family of them whose parameters are learned
      along, of `conservax.reference`, also "lotka-volterra" or "repressilator" for those that begin
      with all rates 1; or "network", for any field that does not depend on time.
      The energy that `kinetic` speaks of is then the divergence from it (`ReferenceEnergy`, nats,
      which says how to hold a good first guess for a while).
    - `kinetic`: what less motion may cost: at most so many nats of likelihood for each factor of e
      by which the kinetic energy falls (`LogEnergy`), in any unit. The default of .01, beside a
      reference .1, hardly moves the densities at observed times; 0 turns it off. Beside `growth` it
      is the weight of the kinetic energy itself, over standardised data and unit time.
    - `growth`: lets births and deaths change the population, besides movement: weight of the energy
      of growth (`GrowthEnergy`) beside the likelihood; the larger it is, the less is born and dies
      and the more moves. The density is then a mixture of laws of `density`, each of which grows
      or shrinks, and `Model.growth` and `Model.mass` are exact for it.
    - `growth_prior`: the column of births less deaths expected of each row, per unit of time (of
      gene scores of proliferation and apoptosis, say): `growth` then weighs the distance from it
      (`GrowthPrior`), which is known at rows alone. Of a `Table` that was read before,
      `read_table(growth=...)`.
    - `masses`: sizes of the population at some times, in any unit, such as `{0: 1.0, 4: 2.7}`, with
      `growth`. Without them only the shares are fitted: of all growth that explains the shares, the
      one of least energy.
    - `objective`: replaces likelihood + kinetic energy; or a list of `Stage(steps, objective)`.
    - `steps`, `batch_size`, `learning_rate`, `optimiser`, `patience`: see `conservax.train.train`.
    - `noise`, `time_noise`: standard deviation of fresh noise on the training rows of every batch,
      in standardised positions and of the unit time range: a kernel of that width against learning
      few rows by heart. By default chosen from the rows (`conservax.model.smoothing`); 0 for none.
    - `validation`, `test`: fractions of the rows kept from training; early stopping looks at the
      validation rows, nothing looks at the test rows.
    - `split_by`: windows of events are held out at "random", or the last ones in "time".
    - `leave_out`: times, one or several, whose rows all go to the test part. The others are dealt
      out as usual, and the model covers the range of all.
    - `memory_rows`: a Parquet file of more rows is streamed: training goes round its rows in
      blocks kept on disk, beside `out` or where the system has temporary files. At most 50 000
      rows each are then held out for validation and test, and `Model.split.train` is a sample.
    - `members`: laws trained at once from different seeds; the best on the validation rows is kept.
    - `seed`: decides everything random.
    - `out`: folder for checkpoints, metrics and the model; a killed run goes on with
      `conservax.resume(out)`.

    **Raises:** `conservax.DataError` for bad input, naming column, row and remedy.
    """
    if out is not None:
        check_out_folder(out, force)
    check_parts(density, flux, divergence_free)
    check_weights(kinetic, growth, masses, reference)
    if not isinstance(table, Table | Events | EventSplit | Stream):
        how_read = {"time": time, "columns": columns, "dims": dims}
        table = open_table(table, **how_read, memory_rows=memory_rows, growth=growth_prior)
        for note in table.notes:
            warnings.warn(f"{table.source}: {note}", stacklevel=2)
    check_growth_prior(table, growth_prior, growth, objective is not None)
    whole = table.train if isinstance(table, EventSplit) else table
    leave_out = () if leave_out is None else leave_out
    check_left_out(table, leave_out)
    dealt = None
    if isinstance(table, Stream):
        dealt = deal_out(table, out, split_by, validation=validation, test=test, seed=seed)
        parts, units = dealt.split, dealt.units
    else:
        parts, axis = divide(table, validation, test, seed, split_by, leave_out)
        units = dataclasses.replace(Units.of(parts.train), time=axis)
    network = {"width": width, "depth": depth, "max_frequency": max_frequency}
    make = (
        density_maker(
            density,
            units.time.to_unit(parts.train.t),
            units.standardise(parts.train.x),
            components,
            seed,
            network,
            growth is not None,
        )
        if isinstance(density, str)
        else density
    )
    if objective is None:
        objective = usual_objective(kinetic, growth, reference is not None, parts.train, units)
        if masses is not None:
            objective = objective + MASS_WEIGHT * mass_error(masses, growth, units)
    elif masses is not None:
        raise DataError(
            "expected masses without objective; got both. Add a MassError to it instead."
        )
    stages = stages_of(objective, steps)
    own_flux = flux or usual_flux(density)
    if growth is not None:
        if isinstance(own_flux, MixtureFlux):
            raise DataError(
                "expected the flux of one law beside growth, which makes a mixture of them by "
                "itself; got a MixtureFlux. Give the flux in it, or leave flux out."
            )
        make, own_flux = growing(make), MixtureFlux(own_flux)

    def initial(key: PRNGKey) -> ConservationLaw:
        density_key, field_key = jax.random.split(key)
        rho = make(density_key)
        compared = reference_of(reference, diffusion, units, jax.random.fold_in(key, 2))
        field = divergence_free(field_key) if divergence_free is not None else None
        return ConservationLaw(rho, own_flux, field, diffusion, compared)

    law = initial(jax.random.key(seed))
    if law.dim != units.dim:
        raise DataError(
            f"expected a density of dim {units.dim}, one for each of {list(units.columns)}; "
            f"got dim {law.dim}."
        )
    if law.condition_dim:
        raise DataError(
            f"expected a density without condition; got condition_dim {law.condition_dim}. "
            "Tables carry no conditions: use conservax.train.train on Rows(t, x, condition)."
        )
    training_rows = dealt.training_rows if dealt else len(parts.train)
    whitened = density == "autoregressive" and growth is None
    blur = (0.0, 0.0)
    if None in (noise, time_noise):
        blur = smoothing(parts, units, training_rows, whitened)
    settings = {
        "source": whole.source,
        "rows": len(table) if dealt else sum(map(len, parts)),
        "notes": list(whole.notes),
        "events": whole.how() if isinstance(whole, Events) else None,
        "comcat": None if isinstance(whole, Stream) else whole.comcat,
        "stream": how(table, validation, test) if isinstance(table, Stream) else None,
        **about_times(table, parts, leave_out),
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "patience": patience,
        "noise": blur[0] if noise is None else noise,
        "time_noise": blur[1] if time_noise is None else time_noise,
        "members": members,
        "seed": seed,
        "own_optimiser": optimiser is not None,
        "own_objective": not is_known(stages),
        "objective": describe(stages),
        "most_steps": sum(stage.steps for stage in stages),
    }
    experiment = Experiment(law, stages, units, settings, parts, dealt)
    run = None if out is None else Path(out)
    if run is not None:
        write_experiment(run, experiment)
    return run_experiment(experiment, run, initial, optimiser, progress)


def resume(
    run: str | PathLike[str],
    *,
    objective: AbstractObjective | Sum | Sequence[Stage] | None = None,
    optimiser: optax.GradientTransformation | None = None,
    progress: bool = True,
) -> Model | EventModel:
    """Go on with a killed or interrupted run, bit for bit, to its end.

    `objective` and `optimiser` are needed, the same again, where `fit` was given an optimiser, or
    an objective that holds a class of your own: files hold no code.

    **Raises:** `DataError` if the folder holds no run that can go on, or if an objective or
    optimiser is missing.
    """
    run = Path(run)
    experiment = read_experiment(run)
    experiment = experiment._replace(dealt=deal_again(run, experiment))
    settings = experiment.settings
    if not (run / CHECKPOINT).is_file():
        raise DataError(f"{run}: killed before its first step, so nothing is lost. Fit again.")
    for name, given in (("optimiser", optimiser), ("objective", objective)):
        if settings[f"own_{name}"] != (given is not None):
            had = "had its own" if settings[f"own_{name}"] else "did not have its own"
            raise DataError(f"{run}: this run {had} {name}. Resume with what `fit` was given.")
    if objective is not None:
        experiment = experiment._replace(stages=stages_of(objective, settings["most_steps"]))
    return run_experiment(experiment, run, lambda key: experiment.law, optimiser, progress)


def load(path: str | PathLike[str]) -> Model | EventModel:
    """Read a model file, or the folder of a run with its rows. Reading never runs code: the files
    hold arrays and plain JSON.

    **Raises:** `DataError` if the file is missing, truncated, foreign or of another version.
    """
    return open_run(Path(path))


def run_experiment(
    experiment: Experiment,
    run: Path | None,
    initial: Callable[[PRNGKey], Any],
    optimiser: optax.GradientTransformation | None,
    progress: bool,
) -> Any:
    """Train, and put the law into the user's object, `Model` or `EventModel`."""
    settings, stages = experiment.settings, experiment.stages
    assert stages is not None  # `fit` made them, or `resume` gave them
    model: Any = around(
        experiment.law, experiment.units, settings, pd.DataFrame(), experiment.split
    )  # whose rows are of the kind of the split
    with ProgressBar(sum(s.steps for s in stages), visible=progress) as bar:
        trained = train(
            experiment.law,
            training_rows(model, experiment),
            stages,
            key=jax.random.key(settings["seed"]),
            validation=validation_rows(model, experiment),
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
        bar.end(trained)
    model.law = trained.law
    history = trained.history.query("member == @trained.member")
    model.history = history.drop(columns="member").reset_index(drop=True)
    model.settings = settings | {
        "steps": trained.steps,
        "stopped_early": trained.stopped_early,
        "best_step": trained.best_step,
        "best_member": trained.member,
    }
    if run is not None:
        model.write(run / MODEL)
    return model

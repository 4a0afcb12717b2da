"""`conservax fit`: from a table to a model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from conservax import fit, fit_events, resume
from conservax.cli._app import (
    BadInput,
    ForceOption,
    JsonOption,
    SeedOption,
    answer,
    app,
    as_flags,
    flags,
    given,
    say,
)
from conservax.cli._options import chosen, options, with_options
from conservax.cli._reading import read_requested
from conservax.cli._summary import summary, words
from conservax.data import Events, HoldOut, check_out_folder
from conservax.fitting import EventModel, Model
from conservax.models import MODELS, AbstractGrowingSpec, AbstractModelSpec, PointProcess
from conservax.train import CHECKPOINT, Training

ModelName = Literal[
    "autoregressive", "factorized", "kernel-mixture", "trajectories", "point-process"
]
SPECS: dict[str, type] = {**MODELS, PointProcess.name: PointProcess}
USUAL = "autoregressive"
DATA, EVENTS, MODEL, OBJECTIVE, TRAINING, OUTPUT = (
    "Data",
    "Events",
    "Model",
    "Objective",
    "Training",
    "Output",
)
_COLUMNS = ("prior_growth",)  # fields of a model that name columns
EXAMPLES = """
Examples:

  conservax fit quakes.csv --time time --columns lon lat --out quakes

  conservax fit cells.parquet --time day --columns pc1 pc2 pc3 --test 0.2 --out cells

  conservax fit cells.h5ad --time day --columns X_pca --dims 10 --leave-out 3 --out cells

  conservax fit cells.h5ad --time day --dims 10 --growth-weight 0.01 --total-mass 0=1.0 4=2.7 --out cells

  conservax fit hares.csv --columns prey predators --reference lotka-volterra --diffusion 0.1 --out hares

  conservax fit quakes.csv --columns lon lat --window 30d --model kernel-mixture --test 0.1 --out windows

  conservax fit quakes.csv --columns lon lat --window 30d --model point-process --out aftershocks

  conservax fit query.csv --comcat --min-magnitude 4.5 --test 0.1 --out catalogue

  conservax fit --resume quakes
"""


def fit_command(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="CSV, Parquet, npz or h5ad file.")] = None,
    time: Annotated[
        str | None,
        typer.Option(help="The time column: numbers or timestamps.", rich_help_panel=DATA),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(help="The coordinates: one or more names.", rich_help_panel=DATA),
    ] = None,
    dims: Annotated[
        int | None,
        typer.Option(
            min=1, help="First columns to take of an array such as X_pca.", rich_help_panel=DATA
        ),
    ] = None,
    degrees: Annotated[
        bool,
        typer.Option(
            help="The columns are longitude and latitude: check them.", rich_help_panel=DATA
        ),
    ] = False,
    sequence: Annotated[
        str | None,
        typer.Option(help="Column that tells sequences of events apart.", rich_help_panel=EVENTS),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            help='Cut one record of events: "30d", "12h", or a number.', rich_help_panel=EVENTS
        ),
    ] = None,
    stride: Annotated[
        str | None,
        typer.Option(
            help="From one window to the next; the window if left out.", rich_help_panel=EVENTS
        ),
    ] = None,
    comcat: Annotated[
        bool,
        typer.Option(
            help="The file is a CSV of ComCat, the USGS catalogue of earthquakes.",
            rich_help_panel=EVENTS,
        ),
    ] = False,
    min_magnitude: Annotated[
        float | None,
        typer.Option(help="Leave smaller earthquakes out, with --comcat.", rich_help_panel=EVENTS),
    ] = None,
    model: Annotated[
        ModelName,
        typer.Option(
            help="kernel-mixture for fixed places, trajectories for snapshots, point-process for when "
            "and where the next event comes, given those before.",
            rich_help_panel=MODEL,
        ),
    ] = USUAL,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the run.", rich_help_panel=OUTPUT)
    ] = None,
    seed: SeedOption = 0,
    resume_run: Annotated[
        Path | None,
        typer.Option(
            "--resume", help="Go on with a killed or interrupted run.", rich_help_panel=OUTPUT
        ),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    **generated: Any,
) -> None:
    """Learn how the points of a table move."""
    if resume_run is not None:
        _check_alone(given(context))
        fitted = _interruptible(lambda: resume(resume_run), resume_run)
        _tell(fitted, resume_run, as_json)
        return
    if file is None or out is None:
        raise BadInput(
            "expected a file and --out; for example: "
            "conservax fit data.csv --time t --columns x y --out run"
        )
    params = {name: context.params[name] for name in given(context)}
    spec, training = _spec(model, params), _training(params)
    holdout = HoldOut(**chosen(HoldOut, params))
    _check_used(params)
    check_out_folder(out, force)
    data = read_requested(context.params, training)
    how = {"training": training, "holdout": holdout, "seed": seed, "out": out, "force": force}
    if isinstance(spec, PointProcess):
        if not isinstance(data, Events):
            raise BadInput(
                'expected --sequence COLUMN, or --window such as "30d", with --model '
                "point-process: its hidden state begins anew in every window."
            )
        fitted = _interruptible(lambda: fit_events(data, model=spec, **how), out)
    else:
        _tell_price(spec)
        fitted = _interruptible(lambda: fit(data, model=spec, **how), out)
    _tell(fitted, out, as_json)


def _panel(name: str) -> str:
    """Weights and references are of the objective, what a column is called of the data."""
    if name in _COLUMNS:
        return DATA
    motion = {*AbstractModelSpec.__annotations__, *AbstractGrowingSpec.__annotations__}
    return OBJECTIVE if name in motion else MODEL


app.command("fit", epilog=EXAMPLES)(
    with_options(
        fit_command,
        [
            *options(list(SPECS.values()), _panel),
            *options([HoldOut], lambda _: DATA),
            *options([Training], lambda _: TRAINING),
        ],
        (DATA, EVENTS, MODEL, OBJECTIVE, TRAINING, OUTPUT),
    )
)


def _spec(name: str, params: Mapping[str, Any]) -> Any:
    """The model with the settings that were given.

    **Raises:** `BadInput` for settings of another model.
    """
    own = chosen(SPECS[name], params)
    others = set().union(*(chosen(spec, params) for spec in SPECS.values()))
    foreign = flags(others - own.keys())
    if foreign:
        raise BadInput(
            f"expected settings of --model {name}; got {foreign}, which it has not. Leave these out."
        )
    if "total_mass" in own:
        own["total_mass"] = read_masses(own["total_mass"])
    return SPECS[name](**own)


def _training(params: Mapping[str, Any]) -> Training:
    """The settings of training that were given.

    **Raises:** `BadInput` for numbers that make no sense.
    """
    try:
        return Training(**chosen(Training, params))
    except ValueError as error:
        raise BadInput(as_flags(str(error))) from error


def _tell_price(spec: AbstractModelSpec) -> None:
    """What a weight of the motion that somebody chose may cost."""
    weight = spec.kinetic_weight
    if weight:
        say(
            f"--kinetic-weight {weight:g}: up to {weight:g} nats per row are paid for each factor of e "
            "less energy; compare the test NLL with that of a fit without it."
        )


def _check_used(params: Mapping[str, Any]) -> None:
    """Refuse options that others make meaningless."""
    whole = params.keys() & {"sequence", "window", "comcat"}
    unread = flags(params.keys() & {"memory_rows", "prior_growth"})
    if whole and unread:
        raise BadInput(
            f"expected no {unread} with {flags(whole)}: windows and catalogues are held in memory "
            "whole, and are read without further columns. Leave it out."
        )


def read_masses(words: list[str]) -> dict[str, float]:
    """`0=1.0 4=2.7` as sizes of the population by time.

    **Raises:** `BadInput` for words of another form, and for a time that comes twice.
    """
    sizes: dict[str, float] = {}
    for word in words:
        time, _, size = word.rpartition("=")
        try:
            found = float(size)
        except ValueError:
            found = None
        if not time or found is None:
            raise BadInput(
                f"expected --total-mass as TIME=SIZE, such as --total-mass 0=1.0 4=2.7; got {word!r}."
            )
        if time in sizes:
            raise BadInput(
                f"expected one size for each time in --total-mass; got two for {time!r}."
            )
        sizes[time] = found
    return sizes


def _check_alone(names: set[str]) -> None:
    """Refuse whatever is given beside --resume."""
    extra = names - {"resume_run", "as_json"}
    if extra:
        words = ["a file"] * ("file" in extra) + [flags(extra - {"file"})] * (extra != {"file"})
        raise BadInput(
            f"expected --resume RUN alone: it goes on as it began. Drop {', '.join(words)}."
        )


def _tell(fitted: Model | EventModel, out: Path, as_json: bool) -> None:
    found = summary(fitted) | {"run": str(out)}
    answer(found, as_json, words(found))


def _interruptible(work: Callable[[], Model | EventModel], run: Path) -> Model | EventModel:
    try:
        return work()
    except KeyboardInterrupt:
        if (run / CHECKPOINT).exists():
            say(f"interrupted; saved. Go on with: conservax fit --resume {run}")
        else:
            say("interrupted before the first step; nothing is lost. Fit again.")
        raise SystemExit(130) from None

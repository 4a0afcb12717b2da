"""`conservax fit`: fit a model to a table."""

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
    explicit,
    flags,
    log,
)
from conservax.cli._options import chosen, options, switches, with_options
from conservax.cli._reading import read_requested
from conservax.cli._summary import summary, summary_text
from conservax.data import CATALOGUES, Events, HoldOut, check_output_folder, readable_formats
from conservax.fitting import EventModel, Model
from conservax.models import MODELS, AbstractGrowthSpec, AbstractModelSpec, PointProcess
from conservax.train import CHECKPOINT, Training

SPECS: dict[str, type] = {**MODELS, PointProcess.name: PointProcess}
ModelName = Literal[tuple(SPECS)]  # type: ignore[valid-type]
DEFAULT_MODEL = "autoregressive"
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
    file: Annotated[Path | None, typer.Argument(help=f"{readable_formats()} file.")] = None,
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
        typer.Option(help="Column that labels sequences of events.", rich_help_panel=EVENTS),
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
            help="From one window to the next; by default the window.", rich_help_panel=EVENTS
        ),
    ] = None,
    model: Annotated[
        ModelName,  # type: ignore[valid-type]
        typer.Option(
            help="kernel-mixture for fixed locations, flow and trajectories for snapshots, point-process "
            "for the time and location of the next event given the past.",
            rich_help_panel=MODEL,
        ),
    ] = DEFAULT_MODEL,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the run.", rich_help_panel=OUTPUT)
    ] = None,
    seed: SeedOption = 0,
    resume_run: Annotated[
        Path | None,
        typer.Option(
            "--resume", help="Continue a killed or interrupted run.", rich_help_panel=OUTPUT
        ),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    **generated: Any,
) -> None:
    """Fit a density and its velocity to the rows of a table."""
    if resume_run is not None:
        _check_resume_options(explicit(context))
        fitted = _interruptible(lambda: resume(resume_run), resume_run)
        _answer(fitted, resume_run, as_json)
        return
    if file is None or out is None:
        raise BadInput(
            "expected a file and --out; for example: "
            "conservax fit data.csv --time t --columns x y --out run"
        )
    params = {name: context.params[name] for name in explicit(context)}
    spec, training = _spec(model, params), _training(params)
    holdout = HoldOut(**chosen(HoldOut, params))
    _check_unused(params)
    check_output_folder(out, force)
    data = read_requested(context.params, training)
    options = {"training": training, "holdout": holdout, "seed": seed, "out": out, "force": force}
    if isinstance(spec, PointProcess):
        if not isinstance(data, Events):
            raise BadInput(
                'expected --sequence COLUMN, or --window such as "30d", with --model '
                "point-process: its hidden state is reset in every window."
            )
        fitted = _interruptible(lambda: fit_events(data, model=spec, **options), out)
    else:
        _log_kinetic_weight(spec)
        fitted = _interruptible(lambda: fit(data, model=spec, **options), out)
    _answer(fitted, out, as_json)


def _panel(name: str) -> str:
    """Panel of a field of a model: data for columns, the objective for weights and references."""
    if name in _COLUMNS:
        return DATA
    motion = {*AbstractModelSpec.__annotations__, *AbstractGrowthSpec.__annotations__}
    return OBJECTIVE if name in motion else MODEL


app.command("fit", epilog=EXAMPLES)(
    with_options(
        fit_command,
        [
            *options(list(SPECS.values()), _panel),
            *switches(CATALOGUES, EVENTS),
            *options(list(CATALOGUES.values()), lambda _: EVENTS),
            *options([HoldOut], lambda _: DATA),
            *options([Training], lambda _: TRAINING),
        ],
        (DATA, EVENTS, MODEL, OBJECTIVE, TRAINING, OUTPUT),
    )
)


def _spec(name: str, params: Mapping[str, Any]) -> Any:
    """The model with its explicit settings.

    **Raises:** `BadInput` for settings of another model.
    """
    own = chosen(SPECS[name], params)
    others = set().union(*(chosen(spec, params) for spec in SPECS.values()))
    foreign = flags(others - own.keys())
    if foreign:
        raise BadInput(
            f"expected settings of --model {name}; got {foreign}, which it does not have. Leave "
            "these out."
        )
    if "total_mass" in own:
        own["total_mass"] = parse_total_mass(own["total_mass"])
    return SPECS[name](**own)


def _training(params: Mapping[str, Any]) -> Training:
    """The explicit settings of training.

    **Raises:** `BadInput` for bad values.
    """
    try:
        return Training(**chosen(Training, params))
    except ValueError as error:
        raise BadInput(as_flags(str(error))) from error


def _log_kinetic_weight(spec: AbstractModelSpec) -> None:
    """Log the likelihood that an explicit kinetic weight may cost."""
    weight = spec.kinetic_weight
    if weight:
        log(
            f"--kinetic-weight {weight:g}: it may cost up to {weight:g} nats per row for each factor of "
            "e less energy; compare the test NLL with that of a fit without it."
        )


def _check_unused(params: Mapping[str, Any]) -> None:
    """Refuse options that have no effect beside others."""
    whole = params.keys() & {"sequence", "window", *CATALOGUES}
    unread = flags(params.keys() & {"memory_rows", "prior_growth"})
    if whole and unread:
        raise BadInput(
            f"expected no {unread} with {flags(whole)}: windows and catalogues are held in memory "
            "whole, and are read without further columns. Leave it out."
        )


def parse_total_mass(words: list[str]) -> dict[str, float]:
    """Parse `0=1.0 4=2.7` to sizes of the population by time.

    **Raises:** `BadInput` for words of another form, and for a time that comes twice.
    """
    sizes: dict[str, float] = {}
    for word in words:
        time, _, size = word.rpartition("=")
        try:
            value = float(size)
        except ValueError:
            value = None
        if not time or value is None:
            raise BadInput(
                f"expected --total-mass as TIME=SIZE, such as --total-mass 0=1.0 4=2.7; got {word!r}."
            )
        if time in sizes:
            raise BadInput(
                f"expected one size for each time in --total-mass; got two for {time!r}."
            )
        sizes[time] = value
    return sizes


def _check_resume_options(names: set[str]) -> None:
    """Refuse other options beside --resume."""
    extra = names - {"resume_run", "as_json"}
    if extra:
        words = ["a file"] * ("file" in extra) + [flags(extra - {"file"})] * (extra != {"file"})
        raise BadInput(
            f"expected --resume RUN alone: it keeps its settings. Drop {', '.join(words)}."
        )


def _answer(fitted: Model | EventModel, out: Path, as_json: bool) -> None:
    found = summary(fitted) | {"run": str(out)}
    answer(found, as_json, summary_text(found))


def _interruptible(work: Callable[[], Model | EventModel], run: Path) -> Model | EventModel:
    try:
        return work()
    except KeyboardInterrupt:
        if (run / CHECKPOINT).exists():
            log(f"interrupted; saved. Continue with: conservax fit --resume {run}")
        else:
            log("interrupted before the first step. Fit again.")
        raise SystemExit(130) from None

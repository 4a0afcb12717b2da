"""`conservax fit`: from a table to a model."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from conservax import fit, resume
from conservax.cli._app import (
    BadInput,
    ForceOption,
    JsonOption,
    MemoryRowsOption,
    SeedOption,
    answer,
    app,
    flags,
    given,
    say,
)
from conservax.cli._fit_history import ended, events_summary, events_words, fit_history
from conservax.cli._fit_options import check_used, read_masses
from conservax.cli._reading import read_asked
from conservax.data import MEMORY_ROWS, check_out_folder
from conservax.fitting import EventModel, Model, ReferenceName, reference_parameters
from conservax.models import DensityName
from conservax.train import CHECKPOINT

Order = Literal["random", "time"]
EXAMPLES = """
Examples:

  conservax fit quakes.csv --time time --columns lon lat --out quakes

  conservax fit cells.parquet --time day --columns pc1 pc2 pc3 --test 0.2 --kinetic 0.05 --out cells

  conservax fit cells.h5ad --time day --columns X_pca --dims 10 --leave-out 3 --out cells

  conservax fit cells.h5ad --time day --dims 10 --growth 0.01 --masses 0=1.0 4=2.7 --out cells

  conservax fit hares.csv --columns prey predators --reference lotka-volterra --diffusion 0.1 --out hares

  conservax fit quakes.csv --columns lon lat --window 30d --density bumps --test 0.1 --out windows

  conservax fit quakes.csv --columns lon lat --window 30d --history --out aftershocks

  conservax fit query.csv --comcat --min-magnitude 4.5 --test 0.1 --out catalogue

  conservax fit --resume quakes
"""


@app.command("fit", epilog=EXAMPLES)
def fit_command(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="CSV, Parquet, npz or h5ad file.")] = None,
    time: Annotated[str | None, typer.Option(help="The time column: numbers or stamps.")] = None,
    columns: Annotated[
        list[str] | None, typer.Option(help="The coordinates: one or more names.")
    ] = None,
    dims: Annotated[
        int | None, typer.Option(min=1, help="First columns to take of an array such as X_pca.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the run.")] = None,
    kinetic: Annotated[
        float | None,
        typer.Option(
            min=0,
            show_default="0.01; beside a reference 0.1",
            help="What smooth, short paths may cost: nats for each factor of e less kinetic energy.",
        ),
    ] = None,
    diffusion: Annotated[
        float,
        typer.Option(
            min=0, help="Noise of the paths, in standard deviations per sqrt(time range)."
        ),
    ] = 0.0,
    reference: Annotated[
        ReferenceName | None,
        typer.Option(
            help="Dynamics to follow as closely as can be, with parameters that are learned; weighed "
            "by --kinetic. Needs --diffusion."
        ),
    ] = None,
    growth: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Births and deaths, and the weight that holds them down: the more, the fewer.",
        ),
    ] = None,
    growth_prior: Annotated[
        str | None,
        typer.Option(
            help="Column of births less deaths expected of each row, per unit of time; --growth "
            "then weighs the distance from it."
        ),
    ] = None,
    masses: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TIME=SIZE",
            help="Sizes of the population, at two times or more, in any unit. With --growth.",
        ),
    ] = None,
    test: Annotated[
        float, typer.Option(min=0, max=0.9, help="Fraction of rows kept aside for scoring.")
    ] = 0.0,
    validation: Annotated[
        float, typer.Option(min=0, max=0.9, help="Fraction of rows for early stopping.")
    ] = 0.1,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Times whose rows are all kept aside for scoring.")
    ] = None,
    steps: Annotated[
        int,
        typer.Option(
            min=1, show_default="2000; 1500 with --history", help="Training steps at most."
        ),
    ] = 2000,
    sequence: Annotated[
        str | None, typer.Option(help="Column that tells sequences of events apart.")
    ] = None,
    window: Annotated[
        str | None, typer.Option(help='Cut one record of events: "30d", "12h", or a number.')
    ] = None,
    stride: Annotated[
        str | None, typer.Option(help="From one window to the next; the window if left out.")
    ] = None,
    history: Annotated[
        bool,
        typer.Option(help="Learn when and where the next event comes, given those before."),
    ] = False,
    degrees: Annotated[
        bool, typer.Option(help="The columns are longitude and latitude: check them.")
    ] = False,
    comcat: Annotated[
        bool, typer.Option(help="The file is a CSV of ComCat, the USGS catalogue of earthquakes.")
    ] = False,
    min_magnitude: Annotated[
        float | None, typer.Option(help="Leave smaller earthquakes out, with --comcat.")
    ] = None,
    split_by: Annotated[
        Order, typer.Option(help="Hold windows out at random, or the last in time.")
    ] = "random",
    density: Annotated[
        DensityName,
        typer.Option(
            help='"bumps" for fixed places: many at the clusters of the rows; "paths" for snapshots: '
            "as many that move from each to the next."
        ),
    ] = "autoregressive",
    components: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default="16; of bumps a quarter of the rows, at most 1024, with --history a fiftieth; 512 paths",
            help="Logistics a coordinate, bumps, or paths.",
        ),
    ] = None,
    width: Annotated[
        int,
        typer.Option(
            min=1,
            show_default="128; 32 with --history",
            help="Hidden units a layer. Not with --density bumps.",
        ),
    ] = 128,
    depth: Annotated[
        int, typer.Option(min=1, help="Hidden layers. Not with --density bumps, or --history.")
    ] = 3,
    max_frequency: Annotated[
        float, typer.Option(min=0, help="Fastest cycle in time, in cycles over the whole range.")
    ] = 1.0,
    batch_size: Annotated[
        int,
        typer.Option(
            min=1, show_default="256; 16 with --history", help="Rows, or windows, a step."
        ),
    ] = 256,
    learning_rate: Annotated[
        float, typer.Option(min=1e-12, help="Of Adam, before its decay.")
    ] = 2e-3,
    noise: Annotated[
        float | None,
        typer.Option(min=0, help="Blur of training positions, in stds; chosen if left out."),
    ] = None,
    time_noise: Annotated[
        float | None,
        typer.Option(min=0, help="Blur of training times, of the range; chosen if left out."),
    ] = None,
    memory_rows: MemoryRowsOption = MEMORY_ROWS,
    members: Annotated[int, typer.Option(min=1, help="Laws to train at once; best is kept.")] = 1,
    seed: SeedOption = 0,
    resume_run: Annotated[
        Path | None, typer.Option("--resume", help="Go on with a killed or interrupted run.")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Learn how the points of a table move."""
    if resume_run is not None:
        extra = given(context) - {"resume_run", "as_json"}
        if extra:
            words = ["a file"] * ("file" in extra) + [flags(extra - {"file"})] * (extra != {"file"})
            raise BadInput(
                f"expected --resume RUN alone: it goes on as it began. Drop {', '.join(words)}."
            )
        out = resume_run
        model = _interruptible(lambda: resume(resume_run), resume_run)
    else:
        if file is None or out is None:
            raise BadInput(
                "expected a file and --out; for example: "
                "conservax fit data.csv --time t --columns x y --out run"
            )
        chosen = {name: context.params[name] for name in given(context)}
        check_used(chosen)
        sizes = read_masses(masses) if masses else None
        check_out_folder(out, force)
        table = read_asked(context.params)
        if history:
            model = _interruptible(lambda: fit_history(table, out, chosen), out)
            _tell(model, out, as_json)
            return
        if kinetic and growth is None:
            say(
                f"kinetic {kinetic:g}: up to {kinetic:g} nats a row are paid for each factor of e less "
                "energy; compare the test NLL with that of a fit without --kinetic."
            )
        model = _interruptible(
            lambda: fit(
                table,
                kinetic=kinetic,
                diffusion=diffusion,
                reference=reference,
                growth=growth,
                masses=sizes,
                steps=steps,
                validation=validation,
                test=test,
                split_by=split_by,
                leave_out=leave_out or (),
                density=density,
                components=components,
                width=width,
                depth=depth,
                max_frequency=max_frequency,
                batch_size=batch_size,
                learning_rate=learning_rate,
                noise=noise,
                time_noise=time_noise,
                members=members,
                seed=seed,
                out=out,
                force=force,
            ),
            out,
        )
    _tell(model, out, as_json)


def _tell(model: Model | EventModel, out: Path, as_json: bool) -> None:
    if isinstance(model, EventModel):
        figures = events_summary(model) | {"run": str(out)}
        answer(figures, as_json, events_words(figures))
    else:
        figures = summary(model) | {"run": str(out)}
        answer(figures, as_json, _words(figures))


def _interruptible(work: Callable[[], Model | EventModel], run: Path) -> Model | EventModel:
    try:
        return work()
    except KeyboardInterrupt:
        if (run / CHECKPOINT).exists():
            say(f"interrupted; saved. Go on with: conservax fit --resume {run}")
        else:
            say("interrupted before the first step; nothing is lost. Fit again.")
        raise SystemExit(130) from None


def summary(model: Model) -> dict[str, Any]:
    """What a fit came to, in figures; NLL in nats a row, standardised and in the table's units."""
    figures: dict[str, Any] = {
        "columns": list(model.columns),
        "rows": model.settings["rows"],
        "steps": model.settings["steps"],
        "stopped_early": model.settings["stopped_early"],
        "best_step": model.settings["best_step"],
    }
    learned = reference_parameters(model.law)
    if learned:
        figures["reference"] = learned
    if model.law.grows:
        figures["mass"] = float(model.mass(model.units.time.to_column([model.units.time.end]))[0])
    assert model.split is not None  # a model that was just fitted has its rows
    for name, part in model.split._asdict().items():
        if len(part):
            raw = -float(np.mean(model.log_prob(model.units.time.to_column(part.t), part.x)))
            figures[f"{name}_rows"] = len(part)
            figures[f"{name}_nll"] = raw - model.units.log_volume
            figures[f"{name}_nll_raw"] = raw
    return figures


def _words(figures: dict[str, Any]) -> str:
    stop = ended(figures)
    names = ", ".join(figures["columns"])
    lines = [f"{figures['rows']} rows of {names}; {figures['steps']} steps{stop}"]
    for name in ("train", "validation", "test"):
        if f"{name}_nll" in figures:
            lines.append(
                f"{name + ' NLL':<15} {figures[f'{name}_nll']:8.4f} nats a row, standardised"
                f"   ({figures[f'{name}_rows']} rows; {figures[f'{name}_nll_raw']:.4f} raw)"
            )
    if "reference" in figures:
        rates = ", ".join(f"{name} {rate:.4g}" for name, rate in figures["reference"].items())
        lines.append(f"reference       {rates}")
    if "mass" in figures:
        lines.append(f"growth          {figures['mass']:.4g} times as many at the end")
    run = figures["run"]
    lines.append(f"model           {run}/model.conservax")
    lines.append(f"next            conservax report {run}    conservax check {run}")
    return "\n".join(lines)

"""`conservax bench`: tables of the papers, beside the published figures."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table as Grid

from conservax.bench import (
    COMPETITORS,
    EVENT_SETS,
    SNAPSHOT_COMPETITORS,
    SNAPSHOT_SETS,
    bench_events,
    draw_fluxes,
    fit_bumps,
    table_of,
    too_good,
)
from conservax.cli._app import BadInput, ForceOption, JsonOption, answer, app, say
from conservax.cli._bench_control import bench_control_command
from conservax.cli._bench_fields import FIELD_BENCHES, bench_fields_command
from conservax.cli._bench_snapshots import bench_snapshots_command
from conservax.data import check_out

EXAMPLES = """
Examples:

  conservax bench events --quick

  conservax bench events --rows pinwheel citibike --models bumps classical --pictures --out events.csv

  conservax bench snapshots --rows eb leave-one-out --out tables

  conservax bench divfree --quick

  conservax bench transport2d --quick --rows moons pinwheel gaussian

  conservax bench control --quick --rows worlds stunnel --out control

Where the events are from (docs/benchmark_data.md says how to lay out the files):

""" + "\n\n".join(f"  {name}: {known.origin}" for name, known in EVENT_SETS.items())
NAMES = ("events", "snapshots", "control", *FIELD_BENCHES)


@app.command("bench", epilog=EXAMPLES)
def bench_command(
    name: Annotated[str, typer.Argument(help=f"Which table: {', '.join(NAMES)}.")],
    rows: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Data sets: {', '.join(EVENT_SETS)}; of snapshots {', '.join(SNAPSHOT_SETS)}. "
            "Of control: worlds, and tasks. Of hodge: dimensions. Of transport2d: densities, of "
            "which every pair is taken."
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Models: {', '.join(COMPETITORS)}; of snapshots {', '.join(SNAPSHOT_COMPETITORS)}."
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Repeats: 3, or 1 if quick.")] = None,
    quick: Annotated[bool, typer.Option(help="Fewer steps: minutes instead of an hour.")] = False,
    pictures: Annotated[
        bool,
        typer.Option(
            help="Of events: draw density, events and fluxes at four times beside --out. Snapshots "
            "are always drawn."
        ),
    ] = False,
    validation: Annotated[
        bool,
        typer.Option(
            help="Of snapshots: judge by cells held back from training, to choose settings."
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Of events: CSV file for the figures, bench-events.csv. Of the others: folder for "
            "figures and pictures, bench-NAME."
        ),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Regenerate a table of the papers next to the published figures.

    The pinwheel, Lotka-Volterra and the repressilator are generated. The other data sets are
    public, but not part of the package: they are read from the folder that the environment variable
    CONSERVAX_DATA names.
    """
    if name not in NAMES:
        raise BadInput(f"expected a table of {', '.join(NAMES)}; got {name!r}.")
    misplaced = "--pictures" if pictures else "--validation"
    if (pictures and name != "events") or (validation and name != "snapshots"):
        raise BadInput(f"expected options of the table of {name}; got {misplaced}. Leave it out.")
    if name in FIELD_BENCHES:
        if models or seeds:
            raise BadInput(f"expected no --models and --seeds for {name}. Leave them out.")
        folder = out or Path(f"bench-{name}")
        bench_fields_command(name, rows, quick=quick, out=folder, force=force, as_json=as_json)
        return
    if name == "control":
        if models or seeds:
            raise BadInput("expected no --models and --seeds with control. Leave them out.")
        bench_control_command(rows, quick, out or Path("bench-control"), force, as_json)
        return
    if name == "snapshots":
        bench_snapshots_command(
            rows,
            models,
            seeds=seeds or (1 if quick else 3),
            quick=quick,
            validation=validation,
            out=out or Path("bench-snapshots"),
            force=force,
            as_json=as_json,
        )
        return
    out = out or Path("bench-events.csv")
    for kind, asked, known in (("data sets", rows, EVENT_SETS), ("models", models, COMPETITORS)):
        unknown = [name for name in asked or () if name not in known]
        if unknown:
            raise BadInput(f"expected {kind} of {', '.join(known)}; got {unknown}.")
    names = rows or tuple(EVENT_SETS)
    drawn = {data: out.with_name(f"{out.stem}-{data}.png") for data in names if pictures}
    for path in (out, *drawn.values()):
        check_out(path, force)
    found = []
    for row in bench_events(
        names,
        models or tuple(COMPETITORS),
        seeds=seeds or (1 if quick else 3),
        quick=quick,
        say=say,
    ):
        found.append(row)
        pd.DataFrame([asdict(row) for row in found]).to_csv(out, index=False)
    for data, path in drawn.items():
        split = EVENT_SETS[data].load(0)
        draw_fluxes(fit_bumps(data, split, 0, quick), split.test.table(), path)
        say(f"{path}")
    table = table_of(found)
    wrong = too_good(found)
    origins = {data: EVENT_SETS[data].origin for data in names}
    result = {"out": str(out), "quick": quick, "rows": table.to_dict("records"), "origins": origins}
    answer(result, as_json, _grid(table))
    for data, origin in origins.items():
        say(f"{data}: {origin}")
    for row in wrong:
        say(f"{row.data}: {row.model} at {row.standardised:.3f} is below the entropy: a mistake.")
    if wrong:
        raise typer.Exit(1)


def _grid(table: pd.DataFrame) -> Grid:
    grid = Grid("data", "model", "nats an event", "± over seeds", "raw", "times", "seconds")
    for name, rows in table.groupby("data", sort=False):
        known = EVENT_SETS[str(name)]
        for row in rows.to_dict("records"):
            grid.add_row(
                known.title,
                row["model"],
                f"{row['standardised']:.3f}",
                "" if pd.isna(row["deviation"]) else f"{row['deviation']:.3f}",
                f"{row['raw']:.3f}",
                "" if pd.isna(row["temporal"]) else f"{row['temporal']:.3f}",
                f"{row['seconds']:.0f}",
            )
        if known.floor is not None:
            grid.add_row(known.title, "[i]entropy: the floor[/]", f"{known.floor:.3f}")
        for model, figure in known.published.items():
            grid.add_row(known.title, f"[dim]{model} (published)[/]", f"{figure:.3f}")
        if known.note:
            grid.add_row(known.title, f"[dim]{known.note}[/]")
        grid.add_section()
    return grid

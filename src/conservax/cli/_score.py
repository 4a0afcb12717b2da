"""`conservax score`: how likely new data are, next to baselines."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.table import Table as Grid

from conservax.cli._app import (
    BadInput,
    JsonOption,
    MemoryRowsOption,
    answer,
    app,
    given,
    say,
)
from conservax.data import MEMORY_ROWS, Events, Stream, Table
from conservax.fitting import EventModel, Model, open_run
from conservax.score import event_scores, losses, scores, scores_by_time


@app.command("score", epilog="Example:  conservax score quakes newer.csv")
def score_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    file: Annotated[
        Path,
        typer.Argument(help="Rows with the columns of the model, read as those it was fitted to."),
    ],
    memory_rows: MemoryRowsOption = MEMORY_ROWS,
    as_json: JsonOption = False,
) -> None:
    """Mean negative log-likelihood of a file, with kernel and Gaussian-mixture baselines."""
    model = open_run(run)
    if model.settings.reader is not None and "memory_rows" in given(context):
        raise BadInput(
            f"expected no --memory-rows with {run}: it was fitted to windows or to a catalogue, "
            "which are held in memory whole. Leave it out."
        )
    rows = (
        model.read(file)
        if isinstance(model, EventModel)
        else model.open(file, memory_rows=memory_rows)
    )
    for note in rows.notes:
        say(note)
    if model.split is None:
        say("a bare model file has no training rows: no baselines. Give the run folder for them.")
    elif model.settings.source == rows.source:
        say(
            "these are the rows the model was fitted on: all figures flatter. Score rows it has not seen."
        )
    if isinstance(model, EventModel):
        assert isinstance(rows, Events)  # as its model reads them
        result, grid = _of_events(model, rows)
    else:
        assert isinstance(rows, Table | Stream)
        result, grid = _of_rows(model, rows)
    answer(result, as_json, grid)


def _of_rows(model: Model, table: Table | Stream) -> tuple[dict[str, Any], Grid | Group]:
    paid = losses(model, table)
    found = scores(model, table, paid)
    grid = Grid("model", "NLL a row (standardised)", "raw", "this model is", "chosen")
    for row in found:
        ours = row.comparison if row is not found[0] else ""
        grid.add_row(row.name, f"{row.standardised:.4f}", f"{row.raw:.4f}", ours, row.detail)
    ours = found[0]
    figures = {"rows": len(table), "nll": ours.standardised, "nll_raw": ours.raw}
    figures |= {"scores": [asdict(row) for row in found]}
    times = scores_by_time(model, table, paid)
    if not times:
        return figures, grid
    names = tuple(times[0].baselines)
    by_time = Grid("time", "rows", "NLL a row (standardised)", "raw", *names, "")
    by_time.columns[-1].no_wrap = True  # in a narrow window numbers are squeezed before words
    for row in times:
        said = "left out of training" if row.left_out else ""
        nll = f"{row.standardised:.4f} ± {row.error:.4f}"
        others = (f"{value:.4f}" for value in row.baselines.values())
        by_time.add_row(row.time, str(row.rows), nll, f"{row.raw:.4f}", *others, said)
    return figures | {"times": [asdict(row) for row in times]}, Group(grid, by_time)


def _of_events(model: EventModel, events: Events) -> tuple[dict[str, Any], Grid]:
    found = event_scores(model, events)
    heads = ("model", "times", "places", "places, raw", "both, raw", "this model is", "chosen")
    grid = Grid(*heads, title="negative log-likelihood, nats an event; places standardised")
    for row in found:
        figures = (row.temporal, row.spatial, row.spatial_raw, row.joint)
        ours = row.comparison if row is not found[0] else ""
        grid.add_row(row.name, *(f"{figure:.4f}" for figure in figures), ours, row.detail)
    ours = found[0]
    figures = {"rows": len(events), "windows": events.sequences, "nll": ours.joint}
    return figures | {"scores": [asdict(row) for row in found]}, grid

"""`conservax score`: likelihood of new data, beside baselines."""

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
    explicit,
    log,
)
from conservax.data import MEMORY_ROWS, Events, Stream, Table
from conservax.fitting import EventModel, Model, open_run
from conservax.scoring import event_scores, losses, scores, scores_by_time


@app.command("score", epilog="Example:  conservax score quakes newer.csv")
def score_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    file: Annotated[
        Path,
        typer.Argument(help="Rows with the columns of the model, read as its training data."),
    ],
    memory_rows: MemoryRowsOption = MEMORY_ROWS,
    as_json: JsonOption = False,
) -> None:
    """Mean negative log-likelihood of a file, with kernel and Gaussian-mixture baselines."""
    model = open_run(run)
    if model.settings.reader is not None and "memory_rows" in explicit(context):
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
        log(note)
    if model.split is None:
        log("a bare model file has no training rows: no baselines. Give the run folder for them.")
    elif model.settings.source == rows.source:
        log("these are training rows of the model: all scores are optimistic. Score held-out rows.")
    if isinstance(model, EventModel):
        assert isinstance(rows, Events)  # as its model reads them
        result, grid = _score_events(model, rows)
    else:
        assert isinstance(rows, Table | Stream)
        result, grid = _score_rows(model, rows)
    answer(result, as_json, grid)


def _score_rows(model: Model, table: Table | Stream) -> tuple[dict[str, Any], Grid | Group]:
    row_losses = losses(model, table)
    found = scores(model, table, row_losses)
    grid = Grid("model", "NLL per row (standardised)", "raw", "this model is", "selected")
    for row in found:
        comparison = row.comparison if row is not found[0] else ""
        grid.add_row(row.name, f"{row.standardised:.4f}", f"{row.raw:.4f}", comparison, row.detail)
    ours = found[0]
    result = {"rows": len(table), "nll": ours.standardised, "nll_raw": ours.raw}
    result |= {"scores": [asdict(row) for row in found]}
    times = scores_by_time(model, table, row_losses)
    if not times:
        return result, grid
    names = tuple(times[0].baselines)
    by_time = Grid("time", "rows", "NLL per row (standardised)", "raw", *names, "")
    by_time.columns[-1].no_wrap = True  # in a narrow window numbers are squeezed before words
    for row in times:
        note = "left out of training" if row.left_out else ""
        nll = f"{row.standardised:.4f} ± {row.error:.4f}"
        others = (f"{value:.4f}" for value in row.baselines.values())
        by_time.add_row(row.time, str(row.rows), nll, f"{row.raw:.4f}", *others, note)
    return result | {"times": [asdict(row) for row in times]}, Group(grid, by_time)


def _score_events(model: EventModel, events: Events) -> tuple[dict[str, Any], Grid]:
    found = event_scores(model, events)
    titles = ("model", "times", "locations", "locations, raw", "both, raw")
    title = "negative log-likelihood, nats per event; locations standardised"
    grid = Grid(*titles, "this model is", "selected", title=title)
    for row in found:
        values = (row.temporal, row.spatial, row.spatial_raw, row.joint)
        comparison = row.comparison if row is not found[0] else ""
        grid.add_row(row.name, *(f"{value:.4f}" for value in values), comparison, row.detail)
    ours = found[0]
    result = {"rows": len(events), "windows": events.sequences, "nll": ours.joint}
    return result | {"scores": [asdict(row) for row in found]}, grid

"""`conservax score`: how likely new data are, next to baselines."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Grid

from conservax.cli._app import JsonOption, MemoryRowsOption, answer, app, say
from conservax.data import MEMORY_ROWS
from conservax.model import open_run, scores


@app.command("score", epilog="Example:  conservax score quakes newer.csv")
def score_command(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    file: Annotated[Path, typer.Argument(help="Rows with the columns of the model.")],
    memory_rows: MemoryRowsOption = MEMORY_ROWS,
    as_json: JsonOption = False,
) -> None:
    """Mean negative log-likelihood of a file, with kernel and Gaussian-mixture baselines."""
    model = open_run(run)
    table = model.open(file, memory_rows=memory_rows)
    for note in table.notes:
        say(note)
    if model.split is None:
        say("a bare model file has no training rows: no baselines. Give the run folder for them.")
    elif model.settings["source"] == table.source:
        say(
            "these are the rows the model was fitted on: all figures flatter. Score rows it has not seen."
        )
    rows = scores(model, table)
    grid = Grid("model", "NLL a row (standardised)", "raw", "behind this model", "chosen")
    for row in rows:
        behind = f"{row.behind:+.4f} ± {row.error:.4f}" if row.detail else ""
        grid.add_row(row.name, f"{row.standardised:.4f}", f"{row.raw:.4f}", behind, row.detail)
    answer(
        {
            "rows": len(table),
            "nll": rows[0].standardised,
            "nll_raw": rows[0].raw,
            "scores": [asdict(row) for row in rows],
        },
        as_json,
        grid,
    )

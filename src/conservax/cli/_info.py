"""`conservax info`: contents of a table, a model or a run."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from conservax.cli._app import JsonOption, answer, app, log
from conservax.data import DataError, Table, TimeAxis, read_table, snapshots
from conservax.fitting import EventModel, Model, open_run
from conservax.model import plain

EXAMPLES = """
Examples:

  conservax info quakes.csv

  conservax info quakes
"""


@app.command("info", epilog=EXAMPLES)
def info_command(
    path: Annotated[Path, typer.Argument(help="Folder of a run, a model file, or a table.")],
    as_json: JsonOption = False,
) -> None:
    """Show what a table, a model or a run holds: columns, times, rows, settings."""
    if path.is_dir() or path.suffix == ".conservax":
        found = _of_model(open_run(path))
    else:
        table = read_table(path)
        for note in table.notes:
            log(note)
        found = _of_table(table)
    answer(found, as_json, "\n".join(_lines(found)))


def _of_table(table: Table) -> dict[str, Any]:
    try:
        axis = TimeAxis.of(table)
    except DataError as error:
        raise DataError(f"{error} Nothing can be fitted to these rows.") from error
    times = snapshots(table.t)
    columns = {
        name: {"min": values.min(), "median": np.median(values), "max": values.max()}
        for name, values in zip(table.columns, table.x.T, strict=True)
    }
    return {
        "source": table.source,
        "rows": len(table),
        "time": axis.name,
        "from": axis.format(axis.start),
        "to": axis.format(axis.end),
        "snapshots": None if times is None else len(times),
        "columns": {
            name: {key: float(value) for key, value in values.items()}
            for name, values in columns.items()
        },
    }


def _of_model(model: Model | EventModel) -> dict[str, Any]:
    axis = model.units.time
    split = model.split
    return {
        "model": repr(model),
        "columns": list(model.columns),
        "time": axis.name,
        "from": axis.format(axis.start),
        "to": axis.format(axis.end),
        "split": None if split is None else {n: len(part) for n, part in split._asdict().items()},
        "settings": plain(model.settings),
    }


def _lines(found: dict[str, Any], indent: str = "") -> list[str]:
    """A line per entry that is not empty."""
    lines = []
    for name, value in found.items():
        if value in (None, [], {}, ""):
            continue
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown = f"{shown:.6g}" if isinstance(shown, float) else shown
            lines.append(f"{indent}{name:<{max(1, 20 - len(indent))}} {shown}")
    return lines

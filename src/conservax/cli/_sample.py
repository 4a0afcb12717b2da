"""`conservax sample`: draws of points at a time, or of windows of events."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from conservax.cli._app import BadInput, ForceOption, JsonOption, SeedOption, answer, app, log
from conservax.data import check_output, writable_formats, write_table
from conservax.fitting import EventModel, open_run

EXAMPLES = """
Examples:

  conservax sample quakes --time 2024-06-01 -n 1000 --out new.csv

  conservax sample aftershocks -n 100 --out windows.csv
"""


@app.command("sample", epilog=EXAMPLES)
def sample_command(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Number of points, or of windows of events.")],
    out: Annotated[Path, typer.Option(help=f"{writable_formats()} file to write.")],
    time: Annotated[
        str | None, typer.Option(help="Time, as in the table; not for point processes.")
    ] = None,
    seed: SeedOption = 0,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw exact samples of the population at a time, or new windows of events."""
    model = open_run(run)
    check_output(out, force)
    if isinstance(model, EventModel):
        if time is not None:
            raise BadInput("expected no --time: a point process draws whole windows of events.")
        _windows(model, n, out, seed, force, as_json)
        return
    if time is None:
        raise BadInput("expected --time, as in the table; for example: --time 2024-06-01")
    axis = model.units.time
    x = model.sample(time, n, seed=seed)
    stamp = axis.to_column(np.full(n, float(axis.parse(time))))
    columns = dict(zip(model.columns, x.T, strict=True))
    write_table(out, {axis.name: stamp, **columns}, force=force)
    answer({"rows": n, "out": str(out)}, as_json, f"{n} points at {time} in {out}")


def _windows(model: EventModel, n: int, out: Path, seed: int, force: bool, as_json: bool) -> None:
    events = model.simulate(n, seed=seed)
    for note in events.notes:
        log(note)
    columns = {"window": events.sequence, events.time_name: events.t}
    write_table(out, columns | dict(zip(events.columns, events.x.T, strict=True)), force=force)
    result = {"windows": n, "rows": len(events), "out": str(out)}
    answer(result, as_json, f"{len(events)} events in {n} windows in {out}")

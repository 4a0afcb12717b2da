"""`conservax report`: HTML report of a run."""

from pathlib import Path
from typing import Annotated

import typer

from conservax.cli._app import ForceOption, JsonOption, answer, app
from conservax.data import check_output
from conservax.fitting import open_run


@app.command("report", epilog="Example:  conservax report quakes")
def report_command(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Page to write; by default report.html in the run, replaced."),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a report: density over time, velocities, calibration, checks, baselines. It opens offline."""
    model = open_run(run)
    if out is None:
        folder = run if run.is_dir() else run.parent
        out = folder / "report.html"
    else:
        check_output(out, force)
    model.report(out, force=True)
    answer({"report": str(out)}, as_json, str(out))

"""`conservax check`: conservation, mass, spurious flux and goodness of fit of a model."""

from pathlib import Path
from typing import Annotated

import typer

from conservax.cli._app import JsonOption, SeedOption, answer, app
from conservax.fitting import open_run


@app.command("check", epilog="Example:  conservax check quakes")
def check_command(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Check conservation, mass, spurious flux and goodness of fit: a value and PASS or FAIL each.

    For a point process also rescaled times, events per window, and locations given the past.
    """
    report = open_run(run).check(seed=seed)
    answer(report.to_json(), as_json, str(report))
    if not report.passed:
        raise typer.Exit(1)

"""`conservax sample`: new points at a time."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from conservax.cli._app import ForceOption, JsonOption, SeedOption, answer, app
from conservax.data import check_out, write_table
from conservax.model import open_run

EXAMPLES = "Example:  conservax sample quakes --time 2024-06-01 -n 1000 --out new.csv"


@app.command("sample", epilog=EXAMPLES)
def sample_command(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    time: Annotated[str, typer.Option(help="When: as in the table.")],
    n: Annotated[int, typer.Option("-n", min=1, help="How many points.")],
    out: Annotated[Path, typer.Option(help="CSV, Parquet or npz file to write.")],
    seed: SeedOption = 0,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw new points of the population at a time, exactly."""
    model = open_run(run)
    check_out(out, force)
    axis = model.units.time
    x = model.sample(time, n, seed=seed)
    stamp = axis.to_column(np.full(n, float(axis.parse(time))))
    columns = dict(zip(model.columns, x.T, strict=True))
    write_table(out, {axis.name: stamp, **columns}, force=force)
    answer({"rows": n, "out": str(out)}, as_json, f"{n} points at {time} in {out}")

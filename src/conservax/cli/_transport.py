"""`conservax transport`: transport of points from one time to another."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from conservax.cli._app import ForceOption, JsonOption, SeedOption, answer, app, log
from conservax.cli._open import open_plain
from conservax.data import check_output, read_points_beside, writable_formats, write_table

EXAMPLES = (
    "Example:  conservax transport quakes points.csv "
    "--from 2024-05-01 --to 2024-07-01 --out moved.csv"
)


@app.command("transport", epilog=EXAMPLES)
def transport_command(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    file: Annotated[
        Path, typer.Argument(help="Points of one time, with the coordinates of the model.")
    ],
    start: Annotated[str, typer.Option("--from", help="The time of the points.")],
    end: Annotated[
        str, typer.Option("--to", help="The time to transport them to; may be earlier.")
    ],
    out: Annotated[Path, typer.Option(help=f"{writable_formats()} file to write.")],
    diffusion: Annotated[
        float,
        typer.Option(min=0, help="0 for the deterministic flow; else sample paths of the SDE."),
    ] = 0.0,
    seed: SeedOption = 0,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Transport points from one time to another by the learned velocity."""
    model = open_plain(run)
    check_output(out, force)
    axis = model.units.time
    x, stamps = read_points_beside(file, columns=model.columns, beside=axis.name)
    others = 0 if stamps is None else int((axis.parse(stamps) != axis.parse(start)).sum())
    if others:
        log(
            f"note: {others} of {len(x)} rows of {file} have another {axis.name} than {start}; all "
            f"are transported from {start}. Keep the rows of one time, or transport each cell from "
            "its own time by: conservax annotate --to"
        )
    moved = model.transport(x, start, end, diffusion=diffusion, seed=seed)
    stamp = axis.to_column(np.full(len(x), float(axis.parse(end))))
    columns = dict(zip(model.columns, moved.T, strict=True))
    write_table(out, {axis.name: stamp, **columns}, force=force)
    distance = float(np.mean(np.sum(((moved - x) / np.array(model.units.std)) ** 2, axis=1)))
    result = {"rows": len(x), "out": str(out), "mean_squared_displacement": distance}
    answer(
        result,
        as_json,
        f"{len(x)} points transported from {start} to {end} in {out}; "
        f"mean squared displacement {distance:.4g} (standardised)",
    )

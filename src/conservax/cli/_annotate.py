"""`conservax annotate`: velocities, log densities and fates of cells, in a copy of their file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from conservax.cli._app import (
    BadInput,
    ForceOption,
    JsonOption,
    SeedOption,
    answer,
    app,
    explicit,
    flags,
)
from conservax.cli._open import open_plain
from conservax.data import StoredCells, check_output
from conservax.fitting import Model

EXAMPLES = """
Examples:

  conservax annotate cells cells.h5ad --to 4 --embedding X_umap --out annotated.h5ad

  conservax annotate cells cells.h5ad --push cell_type=stem --from 0 --at 4 --out fates.h5ad

  conservax annotate cells fates.h5ad --pull cell_type=neuron --from 4 --at 1 --key came_from --out fates.h5ad --force

  conservax annotate cells cells.h5ad --embedding X_umap --streamlines umap.png --animation film.gif --out annotated.h5ad
"""
FATE_OPTIONS = {"start", "end", "key", "diffusion", "seed"}
FLAGS = {"start": "from", "end": "at"}


@app.command("annotate", epilog=EXAMPLES)
def annotate_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a run, or a model file.")],
    file: Annotated[Path, typer.Argument(help="The .h5ad file of the cells.")],
    out: Annotated[
        Path, typer.Option(help="The .h5ad file to write: a copy with the annotations.")
    ],
    to: Annotated[
        str | None, typer.Option(help="Also write the position of each cell at this time.")
    ] = None,
    embedding: Annotated[
        str | None,
        typer.Option(help="Also write velocities, and draw, in this array of obsm: X_umap."),
    ] = None,
    push: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE", help="Descendants of these cells of --from, at a later --at."
        ),
    ] = None,
    pull: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE", help="Ancestors of these cells of --from, at an earlier --at."
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Time of the cells of --push or --pull.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--at", help="Time of the descendants or ancestors.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="Column of obs for the weights.", show_default="conservax_push or conservax_pull"
        ),
    ] = None,
    diffusion: Annotated[
        float,
        typer.Option(min=0, help="Diffusion of the paths of --push or --pull; 0 for the flow."),
    ] = 0.0,
    streamlines: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the velocity among the cells.")
    ] = None,
    animation: Annotated[
        Path | None, typer.Option(metavar="GIF", help="Draw the population over time.")
    ] = None,
    seed: SeedOption = 0,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write velocities, log densities and fates of cells into a copy of their .h5ad file.

    Columns of obs and arrays of obsm are added; all else is copied. The names are those that scanpy,
    scVelo and CellRank look for: velocity_pca, velocity_umap.
    """
    _check_fates(explicit(context), push, pull)
    for path, ending in ((out, ".h5ad"), (streamlines, ".png"), (animation, ".gif")):
        if path is not None:
            check_output(path, force, ending)
    model, cells = open_plain(run), StoredCells.read(file)
    before = {"obs": set(cells.obs), "obsm": dict(cells.obsm)}
    model.annotate(cells, to=to, embedding=embedding)
    if push or pull:
        options: dict[str, Any] = {"diffusion": diffusion, "seed": seed}
        options |= {"key": key} if key else {}
        fates = model.push if push else model.pull
        fates(cells, group_of(push or pull or (), cells.obs), start, end, **options)
    cells.write(out, force=force)
    result: dict[str, Any] = {
        "cells": len(cells.obs),
        "out": str(out),
        "obs": sorted(
            {*cells.obs} - before["obs"] | ({key or _default_key(push)} if push or pull else set())
        ),
        "obsm": sorted(n for n, array in cells.obsm.items() if array is not before["obsm"].get(n)),
    }
    pictures = _draw(model, cells, embedding, streamlines, animation)
    answer(result | pictures, as_json, _text(result | pictures))


def group_of(words: Sequence[str], obs: pd.DataFrame) -> dict[str, list[Any]]:
    """Parse `kind=a kind=b day=3` to values by column; numbers as the column holds them.

    **Raises:** `BadInput` for words of another form.
    """
    group: dict[str, list[Any]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise BadInput(f"expected COLUMN=VALUE, such as cell_type=stem; got {word!r}.")
        known = {str(value): value for value in obs[name].unique()} if name in obs else {}
        group.setdefault(name, []).append(known.get(text, text))
    return group


def _check_fates(options: set[str], push: Any, pull: Any) -> None:
    """Refuse options of push and pull without them, or without their times."""
    if push and pull:
        raise BadInput(
            "expected --push or --pull; got both. Run it again on its output, for the other."
        )
    if not (push or pull):
        extra = flags(FLAGS.get(name, name) for name in options & FATE_OPTIONS)
        if extra:
            raise BadInput(f"expected --push or --pull beside {extra}. Leave these out, or add it.")
    elif not {"start", "end"} <= options:
        raise BadInput(
            "expected two times; for example: --push cell_type=stem --from 0 --at 4, or "
            "--pull cell_type=neuron --from 4 --at 1"
        )


def _default_key(push: Any) -> str:
    return "conservax_push" if push else "conservax_pull"


def _draw(
    model: Model,
    cells: StoredCells,
    embedding: str | None,
    streamlines: Path | None,
    animation: Path | None,
) -> dict[str, str]:
    options: dict[str, Any] = {"cells": cells, "embedding": embedding, "force": True}
    pictures = {}
    if streamlines is not None:
        pictures["streamlines"] = str(model.streamlines(streamlines, **options))
    if animation is not None:
        pictures["animation"] = str(model.animate(animation, **options))
    return pictures


def _text(result: dict[str, Any]) -> str:
    lines = [f"{result['cells']} cells in {result['out']}"]
    for name in ("obs", "obsm"):
        lines.append(f"{name + ':':<6}{', '.join(result[name]) or 'nothing new'}")
    lines += [result[name] for name in ("streamlines", "animation") if name in result]
    return "\n".join(lines)

"""`conservax bench snapshots`: tables 2 and 3 and what stands beside them."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.markup import escape
from rich.table import Table as Grid

from conservax.bench import (
    REAL,
    SNAPSHOT_COMPETITORS,
    SNAPSHOT_SETS,
    USUAL_SETS,
    FittedPopulation,
    Published,
    SnapshotTask,
    bench_snapshots,
    draw_snapshots,
    frame_of,
    snapshot_means,
    snapshot_table,
)
from conservax.cli._app import BadInput, answer, say
from conservax.data import check_out_folder

FIGURES, TABLE = "figures.csv", "table.csv"


def bench_snapshots_command(
    names: Sequence[str] | None,
    models: Sequence[str] | None,
    *,
    seeds: int,
    quick: bool,
    validation: bool,
    out: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Figures, means and pictures in the folder `out`, tables on the terminal."""
    for kind, asked, known in (
        ("data sets", names, SNAPSHOT_SETS),
        ("models", models, SNAPSHOT_COMPETITORS),
    ):
        unknown = [name for name in asked or () if name not in known]
        if unknown:
            raise BadInput(f"expected {kind} of {', '.join(known)}; got {unknown}.")
    check_out_folder(out, force)
    drawn: set[str] = set()

    def see(data: str, task: SnapshotTask, fitted: FittedPopulation, seed: int) -> None:
        if data not in drawn:
            drawn.add(data)
            path = out / f"{data}.png"
            draw_snapshots(SNAPSHOT_SETS[data].title, task, fitted, path)
            say(f"{path}")

    found, last = [], None
    for row in bench_snapshots(
        names or USUAL_SETS,
        models,
        seeds=seeds,
        quick=quick,
        validation=validation,
        say=say,
        see=see,
    ):
        out.mkdir(parents=True, exist_ok=True)  # not before the data are known to be there
        if last not in (None, (row.task, row.model)):
            frame_of(found).to_csv(out / FIGURES, index=False)
        found.append(row)
        last = (row.task, row.model)
    frame = frame_of(found)
    frame.to_csv(out / FIGURES, index=False)
    table, means = snapshot_table(frame), snapshot_means(frame)
    table.to_csv(out / TABLE, index=False)
    result = {
        "out": str(out),
        "quick": quick,
        "validation": validation,
        "rows": table.to_dict("records"),
        "means": means.to_dict("records"),
    }
    answer(result, as_json, _grids(table, means))


def _grids(table: pd.DataFrame, means: pd.DataFrame) -> Grid:
    whole = Grid.grid()
    for data in table["data"].unique():
        known = SNAPSHOT_SETS[str(data)]
        own, mean = table[table["data"] == data], means[means["data"] == data]
        whole.add_row(_distances(known.title, own, mean, known.published))
        whole.add_row(_moves(known.title, own, mean, known.published))
        if known.note:
            whole.add_row(f"[dim]{known.note}.[/]")
        whole.add_row("")
    return whole


def _distances(
    title: str, table: pd.DataFrame, means: pd.DataFrame, published: Sequence[Published]
) -> Grid:
    """W2 at every time, and means over times with what they are over the floor."""
    times = sorted(table["time"].unique())
    heads = [f"W2, t={t:g}" for t in times]
    grid = Grid("model", "way", "cells", *heads, "W2", "over", "W1", "over", "spread", title=title)
    for (model, way), lines in table.groupby(["model", "way"], sort=False):
        at = lines.set_index("time")
        mean = means[(means["model"] == model) & (means["way"] == way)].iloc[0]
        cells = f"{_whole(lines['samples'].mean())} v {_whole(lines['cells'].mean())}"
        cuts = [
            _figure(at["w2"].get(t), at["w2_deviation"].get(t)) if t in at.index else ""
            for t in times
        ]
        grid.add_row(
            str(model),
            str(way),
            cells,
            *cuts,
            _figure(mean["w2"], mean["w2_deviation"]),
            _percent(mean["excess_w2"]),
            _figure(mean["w1"], mean["w1_deviation"]),
            _percent(mean["excess_w1"]),
            _figure(mean["spread"], digits=2),
            style="bold" if way == "real cells (floor)" else None,
        )
    for line in published:
        if line.quantity in ("w1", "w2"):
            grid.add_row(*_dim(f"{line.model} (published)", "", "", *_printed(line, times)))
    return grid


def _printed(line: Published, times: Sequence[float]) -> list[str]:
    """The cells of a published line, in the columns of `_distances` after the first three."""
    deviations = line.deviations or (math.nan,) * len(line.values)
    shown = [_figure(v, d) for v, d in zip(line.values, deviations, strict=True)]
    at = dict(zip(line.times, shown, strict=False))
    whole = _figure(sum(line.values) / len(line.values), deviations[0] if not at else math.nan)
    means = [whole, ""] if line.quantity == "w2" else ["", "", whole]
    return [*(at.get(t, "") for t in times), *means]


def _moves(
    title: str, table: pd.DataFrame, means: pd.DataFrame, published: Sequence[Published]
) -> Grid:
    """Displacement and energy of what was carried, beside the exact W2^2 of real cells."""
    carried = table[table["displacement"].notna()]
    times = sorted(carried["time"].unique())
    heads = [f"to t={t:g}" for t in times]
    grid = Grid(
        "model", "way", *heads, "over W2²", "detour", "lost", title=f"{title}: E|dx|² (energy)"
    )
    real = table[table["model"] == REAL].drop_duplicates("time", keep="last").set_index("time")
    grid.add_row(
        REAL,
        "exact W2²",
        *(_figure(real["w2_squared"].get(t), digits=2) for t in times),
        style="bold",
    )
    for (model, way), lines in carried.groupby(["model", "way"], sort=False):
        at = lines.set_index("time")
        mean = means[(means["model"] == model) & (means["way"] == way)].iloc[0]
        cuts = [
            f"{_figure(at['displacement'].get(t), digits=2)} "
            f"({_figure(at['energy'].get(t), digits=2) or '-'})"
            for t in times
        ]
        lost = _percent(mean["lost"], signed=False)
        grid.add_row(
            str(model), str(way), *cuts, _percent(mean["moved"] - 1), _percent(mean["detour"]), lost
        )
    for line in published:
        if line.quantity == "displacement":
            values = zip(line.values, line.deviations, strict=True)
            at = dict(zip(line.times, (_figure(v, d, digits=2) for v, d in values), strict=True))
            grid.add_row(*_dim(f"{line.model} (published)", "", *(at.get(t, "") for t in times)))
    return grid


def _dim(*cells: str) -> list[str]:
    return [f"[dim]{escape(cell)}[/]" if cell else "" for cell in cells]


def _figure(value: float | None, deviation: float | None = None, *, digits: int = 3) -> str:
    if value is None or math.isnan(value):
        return ""
    if abs(value) >= 1e4:
        return f"{value:.1g}"
    known = deviation is not None and not math.isnan(deviation)
    return f"{value:.{digits}f}" + (f" ±{deviation:.{digits}f}" if known else "")


def _percent(value: float, *, signed: bool = True) -> str:
    if math.isnan(value):
        return ""
    sign = "+" if signed else ""
    return f"{100 * value:{sign}.1f} %" if abs(value) < 100 else f"{value:.1g} times"


def _whole(value: float) -> str:
    return f"{value:.0f}"

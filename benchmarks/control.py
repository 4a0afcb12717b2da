"""Control of a population, figure 2 [hua2025]: random worlds, named tasks, and a solver by simulation.

Ten worlds of fifteen circles, with entropy and without, and named tasks, each also solved by a drift
that is trained through simulated paths for as many seconds. Pictures and cost curves are saved beside
the table. `--rows` are "worlds" and tasks. There are no claims.

    python -m benchmarks control --quick --rows worlds stunnel
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Group
from rich.table import Table as Grid

from benchmarks.claim import FORCE, Findings, Option, benchmark, log, out_option
from benchmarks.papers._control import (
    NAMED_TASKS,
    NOISE,
    QUICK_TASKS,
    QUICK_WORLDS,
    WORLDS,
    bench_control,
)
from conservax.control import TASKS
from conservax.data import check_output_folder

_MEANS = (
    "collisions",
    "collisions_noise",
    "homotopy_classes",
    "homotopy_classes_without_entropy",
    "entropy",
    "seconds",
)
_COLLISIONS = ("collisions, g = 0", f"collisions, g = {NOISE}")


@benchmark(
    rows=Option(
        ("worlds", *NAMED_TASKS),
        "tasks",
        quick=("worlds", *QUICK_TASKS),
        among=("worlds", *TASKS),
    ),
    out=out_option("bench-control"),
    force=FORCE,
)
def run(*, quick: bool, rows: Sequence[str], out: Path, force: bool) -> Findings:
    check_output_folder(out, force)
    out.mkdir(parents=True, exist_ok=True)
    tasks = [name for name in rows if name != "worlds"]
    count = QUICK_WORLDS if quick else WORLDS
    worlds = count if "worlds" in rows else 0
    found = []
    for row in bench_control(tasks, worlds=worlds, quick=quick, out=out, log=log):
        found.append(row)
        pd.DataFrame([asdict(row) for row in found]).to_csv(out / "control.csv", index=False)
    table = pd.DataFrame([asdict(row) for row in found])
    is_world = table["task"].str.startswith("circles-")
    random, named = pd.DataFrame(table[is_world]), pd.DataFrame(table[~is_world])
    summary = {
        name: {"mean": float(random[name].mean()), "deviation": float(random[name].std())}
        for name in _MEANS
        if len(random)
    }
    grids = [_world_grid(random, summary)] if len(random) else []
    grids += [_named_grid(named)] if len(named) else []
    return Findings(
        table.to_dict("records"), more={"out": out, "worlds": summary}, shown=Group(*grids)
    )


def _world_grid(worlds: pd.DataFrame, summary: Mapping[str, Mapping[str, float]]) -> Grid:
    """Table of random worlds: a row per world, and means over worlds."""
    names = ("task", "total", *_MEANS)
    titles = ("world", "cost", *_COLLISIONS, "homotopy classes", "without entropy")
    grid = Grid(*titles, "entropy, nats", "seconds")
    for row in worlds.to_dict("records"):
        grid.add_row(*(_cell(name, row[name]) for name in names))
    grid.add_section()
    means = (
        f"{_cell(name, summary[name]['mean'])} ± {_cell(name, summary[name]['deviation'])}"
        for name in _MEANS
    )
    grid.add_row("mean", "", *means)
    return grid


def _named_grid(named: pd.DataFrame) -> Grid:
    """Table of named tasks: a row per task, with the comparison to the simulation last."""
    names = ("task", "total", *_MEANS[:2], "w2", "floor", "objective", "simulated")
    titles = ("task", "cost", *_COLLISIONS, "W2 to goal", "its floor")
    grid = Grid(*titles, "objective", "by simulation", "times the seconds", "seconds")
    for row in named.to_dict("records"):
        cells = (_cell(name, row[name]) for name in (*names, "time_ratio", "seconds"))
        grid.add_row(*cells)
    return grid


def _cell(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return ""
    return f"{value:.1%}" if name.startswith("collisions") else f"{value:.3g}"

"""`conservax bench control`: figure 2 of the paper, named tasks, and a baseline by simulation."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd
from rich.table import Table as Grid

from conservax.bench import NAMED_TASKS, QUICK_WORLDS, WORLDS, bench_control
from conservax.cli._app import BadInput, answer, say
from conservax.control import TASKS
from conservax.data import check_out_folder

_MEANS = ("hit", "hit_noise", "ways", "ways_without", "entropy", "seconds")


def bench_control_command(
    rows: list[str] | None, quick: bool, out: Path, force: bool, as_json: bool
) -> None:
    """See `conservax bench`. `rows` are "worlds" and named tasks."""
    known = ("worlds", *TASKS)
    asked = rows or ["worlds", *NAMED_TASKS]
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise BadInput(f"expected tasks of {', '.join(known)}; got {unknown}.")
    check_out_folder(out, force)
    out.mkdir(parents=True, exist_ok=True)
    named = [name for name in asked if name != "worlds"]
    count = QUICK_WORLDS if quick else WORLDS
    worlds = count if "worlds" in asked else 0
    found = []
    for row in bench_control(named, worlds=worlds, quick=quick, out=out, say=say):
        found.append(row)
        pd.DataFrame([asdict(row) for row in found]).to_csv(out / "control.csv", index=False)
    table = pd.DataFrame([asdict(row) for row in found])
    over = table[table["task"].str.startswith("circles-")]
    spread = {
        name: {"mean": float(over[name].mean()), "deviation": float(over[name].std())}
        for name in _MEANS
        if len(over)
    }
    result = {"out": str(out), "quick": quick, "rows": table.to_dict("records"), "worlds": spread}
    answer(result, as_json, _grid(table, spread))


def _grid(table: pd.DataFrame, spread: dict[str, dict[str, float]]) -> Grid:
    grid = Grid(*table.columns)
    for row in table.to_dict("records"):
        grid.add_row(row.pop("task"), *("" if pd.isna(v) else f"{v:.4g}" for v in row.values()))
    if spread:
        grid.add_section()
        shown = (
            f"{spread[name]['mean']:.3g} ± {spread[name]['deviation']:.2g}"
            if name in spread
            else ""
            for name in table.columns[1:]
        )
        grid.add_row("worlds", *shown)
    return grid

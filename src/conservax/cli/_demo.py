"""`conservax demo`: fit, check and report on real data."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from numpy.typing import ArrayLike

from conservax import fit
from conservax.cli._app import ForceOption, JsonOption, answer, app, log
from conservax.cli._summary import summary
from conservax.data import HoldOut, Table, TimeAxis, earthquakes, write_table
from conservax.scoring import scores

ROWS = "earthquakes.csv"


@app.command("demo", epilog="Example:  conservax demo --out demo")
def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for the run.")] = Path("conservax-demo"),
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fit, check and report 596 earthquakes around Indonesia: about a minute on two cores."""
    start = time.perf_counter()
    log("596 earthquakes, April to July 2024 (USGS, from the package hvsampledata)")
    table = earthquakes()
    model = fit(table, holdout=HoldOut(test=0.25), out=out, force=force)
    assert model.split is not None  # a model that was just fitted has its rows
    log("checking")
    checks = model.check()
    log("writing the report")
    report = model.report(out / "report.html", force=True)
    rows = scores(model, model.split.test)
    seconds = time.perf_counter() - start
    result = summary(model) | {
        "run": str(out),
        "report": str(report),
        "rows_file": str(out / ROWS),
        "checks_passed": checks.passed,
        "scores": [asdict(row) for row in rows],
        "seconds": round(seconds, 1),
    }
    write_table(out / ROWS, _columns(table), force=True)
    lines = [f"{len(model.split.test)} held-out events, nats per event:"]
    for row in rows:
        ours = f"   this model is {row.comparison}" if row is not rows[0] else ""
        lines.append(f"{row.name:<28} {row.standardised:7.3f}{ours}")
    lines += [str(checks), f"{seconds:.0f} s. The events are in {out / ROWS}. Open {report}"]
    answer(result, as_json, "\n".join(lines))
    if not checks.passed:
        raise typer.Exit(1)


def _columns(table: Table) -> dict[str, ArrayLike]:
    time = TimeAxis.of(table).to_column(table.t)
    return {table.time_name: time, **dict(zip(table.columns, table.x.T, strict=True))}

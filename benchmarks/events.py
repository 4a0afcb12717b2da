"""Table 1 [hua2025]: nats per event on four data sets, beside the published values.

Claim: no model without history scores below the entropy of the locations, where it is known: a value that
does is a mistake. The pinwheel is generated. The other data sets are public, but not part of the
repository: they are read from the folder that the environment variable CONSERVAX_DATA names, laid out as
docs/benchmark_data.md says.

    python -m benchmarks events --quick
    python -m benchmarks events --rows pinwheel citibike --models kernel-mixture classical --pictures
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from rich.table import Table as Grid

from benchmarks.claim import FORCE, Claim, Findings, Option, benchmark, log, out_option
from benchmarks.papers._event_models import COMPETITORS, fit_kernel_mixture
from benchmarks.papers._event_sets import EVENT_SETS
from benchmarks.papers._events import TOO_GOOD, EventRow, bench_events, bounded_rows, table_of
from benchmarks.papers._pictures import draw_fluxes
from conservax.data import check_output

ORIGINS = {name: known.origin for name, known in EVENT_SETS.items()}


@benchmark(
    rows=Option(tuple(EVENT_SETS), "data sets", among=ORIGINS),
    models=Option(tuple(COMPETITORS), "models", among=COMPETITORS.keys()),
    seeds=Option(3, "repeats", quick=1, least=1),
    pictures=Option(False, "draw density, events and fluxes at four times beside --out"),
    out=out_option("bench-events.csv", "CSV file for the rows"),
    force=FORCE,
)
def run(
    *,
    quick: bool,
    rows: Sequence[str],
    models: Sequence[str],
    seeds: int,
    pictures: bool,
    out: Path,
    force: bool,
) -> Findings:
    drawn = {data: out.with_name(f"{out.stem}-{data}.png") for data in rows if pictures}
    for path in (out, *drawn.values()):
        check_output(path, force)
    found = []
    for row in bench_events(rows, models, seeds=seeds, quick=quick, log=log):
        found.append(row)
        pd.DataFrame([asdict(row) for row in found]).to_csv(out, index=False)
    for data, path in drawn.items():
        split = EVENT_SETS[data].load(0)
        draw_fluxes(fit_kernel_mixture(data, split, 0, quick), split.test.table(), path)
        log(f"{path}")
    table = table_of(found)
    origins = {data: ORIGINS[data] for data in rows}
    for data, origin in origins.items():
        log(f"{data}: {origin}")
    return Findings(
        table.to_dict("records"),
        [claim_of(row) for row in bounded_rows(found)],
        {"out": out, "origins": origins},
        _grid(table),
    )


def claim_of(row: EventRow) -> Claim:
    """A value below the entropy is a mistake, not a record."""
    floor = EVENT_SETS[row.data].floor
    assert floor is not None
    name = f"{row.data}, seed {row.seed}: {row.model} is not below the entropy"
    limit = floor - TOO_GOOD
    return Claim(name, row.standardised, limit, at_least=True, also_quick=True)


def _grid(table: pd.DataFrame) -> Grid:
    grid = Grid("data", "model", "nats per event", "± over seeds", "raw", "times", "seconds")
    for name, rows in table.groupby("data", sort=False):
        known = EVENT_SETS[str(name)]
        for row in rows.to_dict("records"):
            grid.add_row(
                known.title,
                row["model"],
                f"{row['standardised']:.3f}",
                "" if pd.isna(row["deviation"]) else f"{row['deviation']:.3f}",
                f"{row['raw']:.3f}",
                "" if pd.isna(row["temporal"]) else f"{row['temporal']:.3f}",
                f"{row['seconds']:.0f}",
            )
        if known.floor is not None:
            grid.add_row(known.title, "[i]entropy: the floor[/]", f"{known.floor:.3f}")
        for model, value in known.published.items():
            grid.add_row(known.title, f"[dim]{model} (published)[/]", f"{value:.3f}")
        if known.note:
            grid.add_row(known.title, f"[dim]{known.note}[/]")
        grid.add_section()
    return grid

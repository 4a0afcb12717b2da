"""Tables 2 and 3 [hua2025] and references for them: distances to snapshots of unseen cells.

Every model of a data set is evaluated by exact W1 and W2 to test cells, beside those of real cells, and by how
far it moves cells. Lotka-Volterra and the repressilator are generated; the embryoid body is read from the
folder that the environment variable CONSERVAX_DATA names, laid out as docs/benchmark_data.md says.
Nothing is claimed.

    python -m benchmarks snapshots --rows eb leave-one-out --out tables
"""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.claim import FORCE, Findings, Option, benchmark, log, out_option
from benchmarks.papers._snapshot_grids import snapshot_grids
from benchmarks.papers._snapshot_models import SNAPSHOT_COMPETITORS, FittedPopulation
from benchmarks.papers._snapshot_pictures import draw_snapshots
from benchmarks.papers._snapshot_sets import SNAPSHOT_SETS, SnapshotTask
from benchmarks.papers._snapshots import (
    USUAL_SETS,
    bench_snapshots,
    frame_of,
    snapshot_means,
    snapshot_table,
)
from conservax.data import check_output_folder

METRICS, TABLE = "metrics.csv", "table.csv"


@benchmark(
    rows=Option(USUAL_SETS, "data sets", among=SNAPSHOT_SETS.keys()),
    models=Option(
        (), "models, by default those of each data set", among=SNAPSHOT_COMPETITORS.keys()
    ),
    seeds=Option(3, "repeats", quick=1, least=1),
    validation=Option(False, "evaluate on cells held out from training, to choose settings"),
    out=out_option("bench-snapshots"),
    force=FORCE,
)
def run(
    *,
    quick: bool,
    rows: Sequence[str],
    models: Sequence[str],
    seeds: int,
    validation: bool,
    out: Path,
    force: bool,
) -> Findings:
    check_output_folder(out, force)
    drawn: set[str] = set()

    def on_fitted(data: str, task: SnapshotTask, fitted: FittedPopulation, seed: int) -> None:
        if data not in drawn:
            drawn.add(data)
            path = out / f"{data}.png"
            draw_snapshots(SNAPSHOT_SETS[data].title, task, fitted, path)
            log(f"{path}")

    found, last = [], None
    options = {
        "seeds": seeds,
        "quick": quick,
        "validation": validation,
        "log": log,
        "on_fitted": on_fitted,
    }
    for row in bench_snapshots(rows, models, **options):
        out.mkdir(parents=True, exist_ok=True)  # not before the data are known to be there
        if last not in (None, (row.task, row.model)):
            frame_of(found).to_csv(out / METRICS, index=False)
        found.append(row)
        last = (row.task, row.model)
    frame = frame_of(found)
    frame.to_csv(out / METRICS, index=False)
    table = snapshot_table(frame)
    table.to_csv(out / TABLE, index=False)
    lines, means = (part.to_dict("records") for part in (table, snapshot_means(frame)))
    origins = {data: SNAPSHOT_SETS[data].origin for data in frame["data"].unique()}
    if validation:
        log("evaluated on cells held out from training: no test cell was touched.")
    for origin in dict.fromkeys(origins.values()):
        log(f"cells: {origin}")
    more = {"out": out, "validation": validation, "means": means, "origins": origins}
    return Findings(lines, more=more, shown=snapshot_grids(lines, means))

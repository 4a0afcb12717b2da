"""Claim: time grows linearly with events and memory does not grow: 1e5, 1e6 and 1e7 of them.

Each size is a Parquet file in order of time, and a process of its own that streams it: it distributes the
rows over shards, trains on one pass-worth of them (rows / batch size steps) and scores every row. Rates are
events per second of processor time (of all threads together, so that neighbours on a shared machine
count little), medians over chunks or batches; a small file is gone over several times so that there
are enough of them. Compilation is reported separately, and so is the wall clock. The verdict is on the three
together: the fastest size may be at most 20 % faster than the slowest.

    python -m benchmarks event_scaling [--quick] [--json]
"""

import statistics
import tempfile
import time
from pathlib import Path

import jax
import numpy as np
import pyarrow
from pyarrow import parquet

from benchmarks._fresh_process import in_fresh_process, peak_memory
from benchmarks.claim import Claim, Findings, benchmark, log
from conservax.data import open_table, shard
from conservax.density import Autoregressive
from conservax.fitting import Model
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import NegativeLogLikelihood
from conservax.train import Stage, Training, train

SIZES, LIMIT = (100_000, 1_000_000, 10_000_000), 0.20
BATCH, CHUNK, PIECE = 1024, 25, 100_000
RATES = ("reading", "training", "scoring", "all three")


def write_events(path: Path, rows: int) -> None:
    """Write three components that go round in a circle, in order of time, never all in memory."""
    rng = np.random.default_rng(0)
    writer = None
    for start in range(0, rows, PIECE):
        t = np.sort(rng.uniform(start, start + PIECE, PIECE)) / rows
        angle = 2 * np.pi * (t + rng.integers(0, 3, PIECE) / 3)
        x = 3 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.4 * rng.normal(size=(PIECE, 2))
        piece = pyarrow.table({"t": t, "x": x[:, 0], "y": x[:, 1]})
        writer = writer or parquet.ParquetWriter(path, piece.schema)
        writer.write_table(piece)
    writer.close()


def seconds_of(work) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(path: Path) -> dict[str, float]:
    """Rates in events per second, seconds of compilation, and the most memory of this process."""
    stream = open_table(path, time="t", columns=["x", "y"], memory_rows=0)
    begun = time.perf_counter()
    times = max(1, 1_000_000 // len(stream))
    shards = shard(stream, validation=0.1, seed=0)
    reading = [seconds_of(lambda: shard(stream, validation=0.1, seed=0)) for _ in range(2 + times)]
    network = {"components": 8, "width": 32, "depth": 2}
    law = ConservationLaw(Autoregressive(2, **network, key=jax.random.key(0)), KnotheRosenblatt())
    model = Model(law, shards.units)
    marks = [time.process_time()]
    steps = times * len(stream) // BATCH
    trained = train(
        law,
        lambda number: model.rows(shards.shard(number)),
        [Stage(steps - steps % CHUNK, NegativeLogLikelihood())],
        key=jax.random.key(0),
        validation=model.rows(shards.split.validation.take(np.arange(1024))),
        training=Training(batch_size=BATCH, chunk=CHUNK),
        on_chunk=lambda report: marks.append(time.process_time()),
    )
    model = Model(trained.law, shards.units)
    chunks = np.diff(marks)
    first = next(stream.batches())
    compiling = chunks[0] + seconds_of(lambda: model.log_prob(first.t, first.x))
    scoring = []
    for _ in range(2 * times):
        start = time.process_time()
        for batch in stream.batches():
            model.log_prob(batch.t, batch.x)
            now = time.process_time()
            scoring.append((now - start) / len(batch))
            start = now
    per_event = (
        statistics.median(reading) / len(stream),
        float(np.median(chunks[1:])) / (CHUNK * BATCH),
        statistics.median(scoring),
    )
    return dict(zip(RATES, (1 / s for s in (*per_event, sum(per_event))), strict=True)) | {
        "compiling, seconds": float(compiling),
        "passes over the file": times,
        "wall clock of it all, seconds": time.perf_counter() - begun,
        "peak, MiB": peak_memory(),
    }


def measured_separately(rows: int, folder: Path) -> dict[str, float]:
    """`measure` in a fresh process, whose peak memory is of this size alone."""
    path = folder / f"{rows}.parquet"
    write_events(path, rows)
    found = in_fresh_process(measure, path)
    path.unlink()
    return found


@benchmark()
def run(*, quick: bool) -> Findings:
    """Without 1e7 events if quick."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES[:2] if quick else SIZES:
            rows.append({"events": count} | measured_separately(count, Path(folder)))
            log(f"{count:,} events: {rows[-1][RATES[-1]]:,.0f} per second")
    spread = {
        name: max(row[name] for row in rows) / min(row[name] for row in rows) - 1 for name in RATES
    }
    claim = Claim("spread of all three", spread[RATES[-1]], LIMIT, also_quick=True)
    return Findings(rows, [claim], {"spread": spread})

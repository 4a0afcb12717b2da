"""Claim: work per device stays the same on more devices, and a table of any length is streamed.

Data-parallel training on 1, 2, 4 and 8 devices, 256 rows of the batch on each. The devices are
forced on one processor, where seconds would say nothing; so what is compared is what the compiler counts
in one step of one device: floating-point operations, bytes of memory, bytes exchanged with the others
(beside the bytes of the gradient, the least there is to exchange). Efficiency is operations of a device
by itself over those of one among many.

A Parquet file of `--rows` rows, in order of time, is fitted for 500 steps by `conservax.fit` in a process of its own:
seconds, and the most memory. 1e8 rows are a file of 2.8 GB, and take as long as its reading.

    python -m benchmarks scale [--quick] [--json] [--rows 100000000]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._fresh_process import in_fresh_process, peak_memory
from benchmarks.claim import Claim, Findings, Option, benchmark, log
from benchmarks.event_scaling import write_events

DEVICES, ROWS_EACH, STEPS = (1, 2, 4, 8), 256, 500
LEAST_EFFICIENCY, MOST_EXCHANGED, MOST_MEMORY = 0.95, 1.5, 2500.0


def one_step(devices: int) -> dict:
    """What a device does in one step of so many devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._scale_process", str(ROWS_EACH * devices)],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def fitted(path: Path) -> dict[str, float]:
    """Seconds, and peak memory in MiB, of a fit of a file that is streamed."""
    import conservax

    begun = time.perf_counter()
    model = conservax.fit(
        path,
        time="t",
        columns=["x", "y"],
        training=conservax.Training(steps=STEPS, progress=False),
        holdout=conservax.HoldOut(test=0.1),
    )
    scored = conservax.scoring.scores(model, model.split.test)
    return {
        "seconds": time.perf_counter() - begun,
        "peak, MiB": peak_memory(),
        "nats": scored[0].raw,
    }


@benchmark(rows=Option(1_000_000, "of the Parquet file", quick=100_000, least=100_000))
def run(*, quick: bool, rows: int) -> Findings:
    """Two sizes, and a shorter file, if quick."""
    counts = DEVICES[:2] if quick else DEVICES
    found = [one_step(devices) for devices in counts]
    alone = found[0]
    table = [
        {
            "devices": step["devices"],
            "Mflop each": step["operations"] / 1e6,
            "efficiency": alone["operations"] / step["operations"],
            "MB of memory each": step["memory"] / 1e6,
            "kB exchanged": sum(step["exchanged"].values()) / 1e3,
        }
        for step in found
    ]
    log("devices are counted; now the file")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        write_events(path, rows)
        size = path.stat().st_size / 2**20
        streamed = {"rows": rows, "file, MiB": size} | in_fresh_process(fitted, path)
    claims = [
        Claim(
            "efficiency on most devices",
            table[-1]["efficiency"],
            LEAST_EFFICIENCY,
            at_least=True,
            also_quick=True,
        ),
        Claim("peak memory of a streamed fit, MiB", streamed["peak, MiB"], MOST_MEMORY),
    ]
    return Findings(table, claims, {"a Parquet file": [streamed]})

"""Claim: many fits in one process do not accumulate compiled programs.

200 fits that differ in their seed, then 60 that differ in all shapes (coordinates, width, depth, rows,
batches), each with its first `log_prob`, `velocity` and `sample`. Tiny fits: what is compiled is as
large as that of long ones. Memory maps, of which Linux gives a process 65 530, and resident
memory stay where they are, and fits of other seeds compile nothing. Limit: no compilation after
the first fit, until shapes change.

    python -m benchmarks many_fits [--quick] [--json]

Takes 30 minutes on two cores; --quick, with 10 and 3 fits, two.
"""

import os
import time
from pathlib import Path

import jax.monitoring
import numpy as np

import conservax
from benchmarks.claim import Claim, Findings, Option, benchmark, log

COMPILED = "/jax/core/compile/backend_compile_duration"
compilations = [0]


def count_compilations(event: str, _seconds: float, **_) -> None:
    compilations[0] += event == COMPILED


def fit(seed: int, shape: int) -> None:
    """One tiny fit and its first use; models of another `shape` share no program with it."""
    rng = np.random.default_rng(0)
    rows, dim = 200 + 7 * shape, 1 + shape % 3
    t, x = rng.uniform(0, 5, rows), rng.normal(size=(rows, dim))
    spec = conservax.models.Autoregressive(
        width=8 + shape, depth=1 + shape % 2, components=2 + shape % 2
    )
    training = conservax.Training(steps=10, batch_size=32 + shape, progress=False)
    model = conservax.fit((t, x), model=spec, training=training, seed=seed)
    at = 1.0, x[:3]
    model.log_prob(*at), model.velocity(*at), model.sample(1.0, 3, seed=seed)


def usage(kind: str, fits: int, begun: float) -> dict:
    """Usage of memory and compilations of the process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "fits": f"{fits} of other {kind}",
        "maps": len(Path("/proc/self/maps").read_text().splitlines()),
        "mib": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20),
        "compilations": compilations[0],
        "seconds": round(time.perf_counter() - begun, 1),
    }


@benchmark(
    seeds=Option(200, "fits of other seeds", quick=10, least=1),
    shapes=Option(60, "fits of other shapes", quick=3),
)
def run(*, quick: bool, seeds: int, shapes: int) -> Findings:
    jax.monitoring.register_event_duration_secs_listener(count_compilations)
    begun, rows, every = time.perf_counter(), [], 1 if quick else 20

    def note(kind: str, fits: int) -> None:
        rows.append(usage(kind, fits, begun))
        log("  ".join(f"{name} {value}" for name, value in rows[-1].items()))

    fit(0, 0)
    note("seeds", 1)
    first = compilations[0]
    for n in range(2, seeds + 1):
        fit(n, 0)
        if n % every == 0:
            note("seeds", n)
    claim = Claim("compilations by fits of other seeds", compilations[0] - first, 0)
    for n in range(1, shapes + 1):
        fit(0, n)
        if n % every == 0:
            note("shapes", n)
    return Findings(rows, [claim])

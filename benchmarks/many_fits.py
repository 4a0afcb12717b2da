"""Do many fits in one process pile up what was compiled for them?

200 fits that differ in their seed, then 60 that differ in all shapes (coordinates, width, depth, rows,
batches), each with its first `log_prob`, `velocity` and `sample`. Tiny fits: what is compiled is as
large as that of long ones. Claim: memory maps, of which Linux gives a process 65 530, and resident
memory stay where they are, and fits of other seeds compile nothing.

    python benchmarks/many_fits.py [--quick] [--json]

Takes 30 minutes on two cores; --quick, with 10 and 3 fits, two.
"""

import argparse
import json
import os
import time
from pathlib import Path

import jax.monitoring
import numpy as np

import conservax

COMPILED = "/jax/core/compile/backend_compile_duration"
compilations = [0]


def count_compilations(event: str, _seconds: float, **_) -> None:
    compilations[0] += event == COMPILED


def fit(seed: int, shape: int) -> None:
    """One tiny fit and its first use; models of another `shape` share no program with it."""
    rng = np.random.default_rng(0)
    rows, dim = 200 + 7 * shape, 1 + shape % 3
    t, x = rng.uniform(0, 5, rows), rng.normal(size=(rows, dim))
    how = {"width": 8 + shape, "depth": 1 + shape % 2, "components": 2 + shape % 2}
    how |= {"steps": 10, "batch_size": 32 + shape, "progress": False}
    model = conservax.fit((t, x), seed=seed, **how)
    at = 1.0, x[:3]
    model.log_prob(*at), model.velocity(*at), model.sample(1.0, 3, seed=seed)


def usage(kind: str, fits: int, begun: float) -> dict:
    """What the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "fits": f"{fits} of other {kind}",
        "maps": len(Path("/proc/self/maps").read_text().splitlines()),
        "mib": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20),
        "compilations": compilations[0],
        "seconds": round(time.perf_counter() - begun, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, help="fits of other seeds")
    parser.add_argument("--shapes", type=int, help="fits of other shapes")
    options = parser.parse_args()
    seeds, shapes, every = (10, 3, 1) if options.quick else (200, 60, 20)
    seeds = seeds if options.seeds is None else options.seeds
    shapes = shapes if options.shapes is None else options.shapes
    jax.monitoring.register_event_duration_secs_listener(count_compilations)
    begun, rows = time.perf_counter(), []

    def note(kind: str, fits: int) -> None:
        rows.append(usage(kind, fits, begun))
        if not options.json:
            print("  ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)

    fit(0, 0)
    note("seeds", 1)
    for n in range(2, seeds + 1):
        fit(n, 0)
        if n % every == 0:
            note("seeds", n)
    for n in range(1, shapes + 1):
        fit(0, n)
        if n % every == 0:
            note("shapes", n)
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()

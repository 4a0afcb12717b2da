"""Figure 5 [richterpowell2022]: the divergence-free part of a field on tori of many dimensions.

Claim: it is found within 5 % in n = 25, and within 10 % in n = 50 and 100. `--rows` are dimensions:
all, or if quick the first two, where none are named.

    python -m benchmarks hodge --quick --rows 25
"""

from pathlib import Path

from benchmarks.claim import FORCE, Findings, Option, benchmark, log, out_option
from benchmarks.papers._drawn import keep
from benchmarks.papers._hodge import HODGE_LIMITS, bench_hodge


@benchmark(
    rows=Option((), "dimensions, all if none are named", among=tuple(map(str, HODGE_LIMITS))),
    out=out_option("bench-hodge"),
    force=FORCE,
)
def run(*, quick: bool, rows: tuple[str, ...], out: Path, force: bool) -> Findings:
    return keep(lambda: bench_hodge(rows, quick=quick, log=log), out, force)

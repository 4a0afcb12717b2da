"""Figure 2 [richterpowell2022]: cost of divergence-free fields in n dimensions, and fitted flows.

Claim: a field of a matrix costs n forward passes of its network at most in n = 100, and both kinds of
field learn the flows of Taylor and Green and of Arnold, Beltrami and Childress within 1 %.
"""

from pathlib import Path

from benchmarks.claim import FORCE, Findings, benchmark, log, out_option
from benchmarks.papers._divergence_free import bench_divfree
from benchmarks.papers._drawn import keep


@benchmark(out=out_option("bench-divfree"), force=FORCE)
def run(*, quick: bool, out: Path, force: bool) -> Findings:
    return keep(lambda: bench_divfree(quick=quick, log=log), out, force)

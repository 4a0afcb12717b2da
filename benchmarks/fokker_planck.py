"""Equations for densities solved without a grid, within so much of their closed solutions.

Claim: the relative L2 error of the density stays below the limit of each case at all times, and mass
within 1e-4 of 1.
"""

from pathlib import Path

from benchmarks.claim import FORCE, Findings, benchmark, log, out_option
from benchmarks.papers._drawn import keep
from benchmarks.papers._fokker_planck import bench_fokker_planck


@benchmark(out=out_option("bench-fokker-planck"), force=FORCE)
def run(*, quick: bool, out: Path, force: bool) -> Findings:
    return keep(lambda: bench_fokker_planck(quick=quick, log=log), out, force)

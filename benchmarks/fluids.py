"""Figures 3 and 4 [richterpowell2022]: fluids on the torus and in the ball.

Claim: on the torus ours is nearer to a reference by finite elements than a PINN and than the curl of a
potential, at every time, and its mass stays; in the ball its density is carried along, within 5 %. The
reference is read from the folder that the environment variable CONSERVAX_DATA names, laid out as
docs/benchmark_data.md says; beside it stand errors against Fourier series.
"""

from pathlib import Path

from benchmarks.claim import FORCE, Findings, benchmark, log, out_option
from benchmarks.papers._drawn import keep
from benchmarks.papers._fluids import bench_fluids


@benchmark(out=out_option("bench-fluids"), force=FORCE)
def run(*, quick: bool, out: Path, force: bool) -> Findings:
    return keep(lambda: bench_fluids(quick=quick, log=log), out, force)

"""Equations for densities solved without a grid, within so much of their closed solutions.

Claim: the relative L2 error of the density stays below the limit of each case at all times, and mass
within 1e-4 of 1.

    python -m benchmarks fokker_planck [--quick] [--cases "heat, 1-D" ...] [--seeds N] [--json]
"""

from pathlib import Path

from benchmarks.claim import FORCE, SEEDS, Findings, Option, benchmark, log, out_option
from benchmarks.papers._drawn import Drawn, keep
from benchmarks.papers._fokker_planck import bench_fokker_planck
from benchmarks.papers._fokker_planck_cases import EVOLUTIONS

CASES = {name: f"at most {case.limit:.0%}" for name, case in EVOLUTIONS.items()}


@benchmark(
    cases=Option(tuple(CASES), "equations", among=CASES),
    seeds=SEEDS,
    out=out_option("bench-fokker-planck"),
    force=FORCE,
)
def run(*, quick: bool, cases: tuple[str, ...], seeds: int, out: Path, force: bool) -> Findings:
    def work() -> Drawn:
        return bench_fokker_planck(cases, quick=quick, seeds=seeds, log=log)

    return keep(work, out, force)

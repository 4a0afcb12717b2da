"""Figures 6 and 7 [richterpowell2022]: optimal transport between named densities of the plane.

Claim: at the five nearest pairs the squared cost of the default law is within 3 % of the exact one.
`--rows` are densities, of which every pair is taken; without them all pairs, or if quick every density to
the normal. Fewer than five pairs claim nothing.

    python -m benchmarks transport2d --quick --rows moons pinwheel gaussian
"""

from pathlib import Path

from benchmarks.claim import FORCE, Findings, Option, benchmark, log, out_option
from benchmarks.papers._drawn import keep
from benchmarks.papers._transport2d import PLANE_DENSITIES, bench_transport2d


@benchmark(
    rows=Option((), "densities, every pair of which is taken", among=PLANE_DENSITIES),
    out=out_option("bench-transport2d"),
    force=FORCE,
)
def run(*, quick: bool, rows: tuple[str, ...], out: Path, force: bool) -> Findings:
    return keep(lambda: bench_transport2d(rows, quick=quick, log=log), out, force)

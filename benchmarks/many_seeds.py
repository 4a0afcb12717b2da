"""Claim: ten seeds in one call, `Training(ensemble=10)`, take less than three times as long as one.

Snapshots of a population that moves: 5 coordinates, 5 times, 2000 cells, each network with one
member and with ten, in turn; ratios are the median over such pairs. `fit` is a whole call of
`conservax.fit` with as many steps as requested, compiling included. `step` is a training step
between the ends of chunks, compiling left out, by the clock and in seconds of the processor: where
the latter grow tenfold the arithmetic of one seed keeps a core busy, and only idle cores, or an
accelerator, could do that of ten in less time. Limit: ratios by the clock of the default network
below 3. The small network is shown for comparison.

    python -m benchmarks many_seeds [--quick] [--repeats 3] [--steps 1000] [--json]
"""

import itertools
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

import conservax
from benchmarks.claim import Claim, Findings, Option, benchmark
from conservax.density import Autoregressive
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy, NegativeLogLikelihood, Rows
from conservax.train import Stage, Training, train

LIMIT, MEMBERS, CHUNK, CHUNKS = 3.0, 10, 20, 5
CELLS, TIMES, DIM = 2000, 5, 5
NETWORKS = {
    "small": {"components": 4, "width": 32, "depth": 2},
    "default": {"components": 16, "width": 128, "depth": 3},
}


def snapshots() -> tuple[np.ndarray, np.ndarray]:
    """Cells that spread along one direction, standardised."""
    rng = np.random.default_rng(0)
    t = np.repeat(np.arange(TIMES), CELLS // TIMES) / (TIMES - 1)
    side = rng.choice([-1.0, 1.0], CELLS)[:, None]
    x = rng.normal(size=(CELLS, DIM)) + 2 * (t[:, None] * side) * np.ones(DIM)
    return t, (x - x.mean(0)) / x.std(0)


def fit_seconds(network: dict[str, int], members: int, steps: int) -> float:
    """Seconds on the clock, for a whole call."""
    began = time.perf_counter()
    conservax.fit(
        snapshots(),
        model=conservax.models.Autoregressive(**network),
        training=Training(ensemble=members, steps=steps, progress=False),
    )
    return time.perf_counter() - began


def step_seconds(network: dict[str, int], members: int) -> tuple[float, float]:
    """Seconds on the clock and of the processor, for a step of what `fit` trains."""

    def initial(key: jax.Array) -> ConservationLaw:
        return ConservationLaw(Autoregressive(DIM, **network, key=key), KnotheRosenblatt())

    marks: list[tuple[float, float]] = []
    key = jax.random.key(0)
    train(
        initial(key),
        Rows(*(jnp.asarray(column, jnp.float32) for column in snapshots())),
        [Stage(CHUNK * (1 + CHUNKS), NegativeLogLikelihood() + 0.01 * KineticEnergy())],
        key=key,
        training=Training(chunk=CHUNK, ensemble=members),
        initial=initial,
        on_chunk=lambda report: marks.append((time.perf_counter(), time.process_time())),
    )
    gaps = [np.subtract(after, before) / CHUNK for before, after in itertools.pairwise(marks)]
    clock, processor = np.median(gaps, axis=0)
    return float(clock), float(processor)


def measure(network: dict[str, int], repeats: int, steps: int) -> dict[str, float]:
    """Milliseconds per step of one member, and ratios of ten members to one."""
    one, ten, whole = [], [], []
    for _ in range(repeats):
        one.append(step_seconds(network, 1))
        ten.append(step_seconds(network, MEMBERS))
        if steps:
            whole.append(fit_seconds(network, MEMBERS, steps) / fit_seconds(network, 1, steps))
    ratios = np.median(np.divide(ten, one), axis=0)
    metrics = {
        "milliseconds": 1e3 * statistics.median(clock for clock, _ in one),
        "step": float(ratios[0]),
        "step, processor": float(ratios[1]),
    }
    return metrics | ({"fit": statistics.median(whole)} if whole else {})


@benchmark(
    repeats=Option(3, "pairs", quick=1, least=1),
    steps=Option(1000, "of whole calls; 0 for none", quick=0),
)
def run(*, quick: bool, repeats: int, steps: int) -> Findings:
    """One pair, and training steps alone, if quick."""
    del quick
    results = {name: measure(network, repeats, steps) for name, network in NETWORKS.items()}
    rows = [{"network": name, **metrics} for name, metrics in results.items()]
    claims = [
        Claim(f"{name} of ten over one, default network", results["default"][name], LIMIT)
        for name in ("step", "fit")
        if name in results["default"]
    ]
    return Findings(rows, claims, {"device": jax.devices()[0].device_kind})

"""Claim: the host costs less than 5 % of a training step.

A run of `train` with checkpoints and metrics on disk, chunk by chunk, against the compiled chunk
called over and over with nothing in between. Both are timed warm, in turn; the overhead is the
ratio of the median time of a chunk, minus one.

    python -m benchmarks host_overhead [--quick] [--chunks 20] [--repeats 3] [--json]
"""

import itertools
import statistics
import tempfile
import time
from pathlib import Path

import jax
import optax

from benchmarks.claim import Claim, Findings, Option, benchmark
from conservax.density import Autoregressive
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy, NegativeLogLikelihood, Rows
from conservax.train import Stage, Training, cosine_adam, train
from conservax.train._chunk import make_chunk, padded, replicated_and_split
from conservax.train._state import initial_state

LIMIT, CHUNK = 0.05, 100
OBJECTIVE = NegativeLogLikelihood() + 0.001 * KineticEnergy()


def gaps(marks: list[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(marks)]


def trained(law: ConservationLaw, rows: Rows, chunks: int) -> list[float]:
    """Seconds per chunk inside `train`; the first one, which compiles, is left out."""
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        train(
            law,
            rows,
            [Stage(CHUNK * chunks, OBJECTIVE)],
            key=jax.random.key(0),
            training=Training(chunk=CHUNK),
            run=Path(folder),
            on_chunk=lambda report: marks.append(time.perf_counter()),
        )
    return gaps(marks)


def bare(law: ConservationLaw, rows: Rows, chunks: int) -> list[float]:
    """Seconds per chunk of the same steps, called in a loop."""
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), cosine_adam(2e-3, CHUNK * chunks))
    copied, split = replicated_and_split(jax.devices())
    state = initial_state(jax.random.key(0), law, optimiser)
    state = jax.tree.map(lambda leaf: leaf[None], state)
    state, rows = jax.device_put((state, padded(rows)), copied)
    settings = {"steps": CHUNK, "batch_size": 256, "average": 0.99, "sharding": split}
    settings |= {"noise": 0.0, "time_noise": 0.0}
    step = make_chunk(law, OBJECTIVE, optimiser, **settings)
    marks = []
    for _ in range(chunks):
        state, _ = jax.block_until_ready(step(state, rows))
        marks.append(time.perf_counter())
    return gaps(marks)


@benchmark(
    chunks=Option(20, "of a run", quick=5, least=2),
    repeats=Option(3, "runs of each, in turn", quick=1, least=1),
)
def run(*, quick: bool, chunks: int, repeats: int) -> Findings:
    del quick  # fewer chunks and repeats, nothing else
    key = jax.random.key(0)
    law = ConservationLaw(Autoregressive(2, width=128, depth=3, key=key), KnotheRosenblatt())
    rows = Rows(jax.random.uniform(key, (20_000,)), jax.random.normal(key, (20_000, 2)))
    with_host: list[float] = []
    bare_times: list[float] = []
    for _ in range(repeats):
        with_host += trained(law, rows, chunks)
        bare_times += bare(law, rows, chunks)
    steps = [1e3 * statistics.median(times) / CHUNK for times in (bare_times, with_host)]
    overhead = steps[1] / steps[0] - 1
    row = {"step, ms": steps[0], "step with host, ms": steps[1], "overhead": overhead}
    return Findings([row], [Claim("overhead of the host", overhead, LIMIT)])

"""Claim: what a law costs, as ratios that do not depend on the machine; and how the cost grows.

    python -m benchmarks speed [--quick] [--repeats N] [--json]

Every ratio is the median over rounds in which the two programs run one after the other, in turn,
so that a drift of the machine's speed cancels. Single precision, one process. Limits hold with
--quick, too.
"""

import statistics
import time
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp

from benchmarks.claim import Claim, Findings, Option, benchmark
from conservax.density import Autoregressive
from conservax.flux import KnotheRosenblatt, SigmoidCancellation
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy, Rows

BATCH, DIM, NETWORK = 256, 5, {"components": 16, "width": 256, "depth": 4}
LIMITS = {
    "log_prob / matrix products": 1.6,
    "sigmoid velocity / log_prob": 2.2,
    "Knothe-Rosenblatt velocity / log_prob": 3.5,
    "gradient of kinetic energy / gradient of NLL": 6.0,
}


class Program:
    """A compiled function with its arguments: what it takes to run, and to run it once."""

    def __init__(self, function: Callable, *arguments):
        self._arguments = arguments
        self._run = jax.jit(function).lower(*arguments).compile()
        jax.block_until_ready(self._run(*arguments))

    def seconds(self, calls: int = 1) -> float:
        """Mean time of a few calls in a row."""
        start = time.perf_counter()
        for _ in range(calls):
            result = self._run(*self._arguments)
        jax.block_until_ready(result)
        return (time.perf_counter() - start) / calls

    def calls_within(self, seconds: float) -> int:
        """How many calls fill a slot of so many seconds."""
        return max(1, round(seconds / min(self.seconds() for _ in range(3))))

    @property
    def memory(self) -> int | None:
        """Bytes of arguments, results and intermediates, where the backend tells."""
        analysis = self._run.memory_analysis()
        if analysis is None:
            return None
        return (
            analysis.argument_size_in_bytes
            + analysis.output_size_in_bytes
            + analysis.temp_size_in_bytes
        )


def programs(batch: int, dim: int, names: tuple[str, ...] | None = None) -> dict[str, Program]:
    """The timed programs of one size, all with the same network and the same points."""
    density = Autoregressive(dim, **NETWORK, key=jax.random.key(0))
    arrays, rest = eqx.partition(density, eqx.is_inexact_array)
    t = jax.random.uniform(jax.random.key(1), (batch,))
    x = jax.random.normal(jax.random.key(2), (batch, dim))
    keys = jax.random.split(jax.random.key(3), batch)

    def law(arrays, flux):
        return ConservationLaw(eqx.combine(arrays, rest), flux)

    def log_prob(arrays, t, x):
        return jax.vmap(law(arrays, KnotheRosenblatt()).log_prob)(t, x)

    def velocity(flux):
        return lambda arrays, t, x: jax.vmap(law(arrays, flux).velocity)(t, x)

    def kinetic_energy(arrays, t, x, key):
        return KineticEnergy(batch)(key, law(arrays, KnotheRosenblatt()), Rows(t, x))

    def nll(arrays, t, x):
        return -jnp.mean(log_prob(arrays, t, x))

    def sample(arrays, t, keys):
        return jax.vmap(law(arrays, KnotheRosenblatt()).sample)(keys, t)

    net = density.network
    weights = (net.from_context, net.from_point, net.hidden, net.readout)
    recipes = {
        "matrix products": (matrix_products, weights, t, x),
        "log_prob": (log_prob, arrays, t, x),
        "sigmoid velocity": (velocity(SigmoidCancellation()), arrays, t, x),
        "Knothe-Rosenblatt velocity": (velocity(KnotheRosenblatt()), arrays, t, x),
        "sample": (sample, arrays, t, keys),
        "gradient of NLL": (jax.grad(nll), arrays, t, x),
        "gradient of kinetic energy": (jax.grad(kinetic_energy), arrays, t, x, keys[0]),
    }
    return {
        name: Program(*recipe) for name, recipe in recipes.items() if names is None or name in names
    }


def matrix_products(weights, t, x):
    """The products of the network's shapes, and nothing else."""
    from_context, from_point, hidden, readout = weights
    context = jnp.broadcast_to(t[:, None], (t.shape[0], from_context.shape[1]))
    features = jnp.tile(x, (1, from_point.shape[1] // x.shape[1]))
    h = context @ from_context.T + features @ from_point.T
    for weight in hidden:
        h = h @ weight.T
    return h @ readout.T


def measure_ratios(repeats: int, slot: float) -> list[dict]:
    """Every ratio of `LIMITS`, its two programs timed in turn."""
    ready = programs(BATCH, DIM)
    calls = {name: program.calls_within(slot) for name, program in ready.items()}
    pairs = {ratio: tuple(ratio.split(" / ")) for ratio in LIMITS}
    rounds: dict[str, list[tuple[float, float]]] = {ratio: [] for ratio in LIMITS}
    for turn in range(repeats):
        for ratio, pair in pairs.items():
            order = pair if turn % 2 == 0 else pair[::-1]
            took = {name: ready[name].seconds(calls[name]) for name in order}
            rounds[ratio].append((took[pair[0]], took[pair[1]]))
    rows = []
    for ratio, times in rounds.items():
        above, below = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
        measured = statistics.median(above / below for above, below in times)
        rows.append({"ratio": ratio, "measured": measured, "ms above": above, "ms below": below})
    return rows


GROWING = ("log_prob", "Knothe-Rosenblatt velocity", "sample", "gradient of kinetic energy")


def measure_growth(sizes: list[tuple[int, int]], repeats: int, slot: float) -> list[dict]:
    """Milliseconds and megabytes of the main programs at each (batch, dim)."""
    rows = []
    for batch, dim in sizes:
        for name, program in programs(batch, dim, GROWING).items():
            calls = program.calls_within(slot)
            took = statistics.median(program.seconds(calls) for _ in range(repeats))
            memory = program.memory
            rows.append(
                {
                    "batch": batch,
                    "dim": dim,
                    "program": name,
                    "milliseconds": 1e3 * took,
                    "megabytes": None if memory is None else memory / 2**20,
                }
            )
    return rows


@benchmark(repeats=Option(30, "rounds per ratio", quick=7, least=1))
def run(*, quick: bool, repeats: int) -> Findings:
    """Fewer rounds and smaller tables if quick."""
    slot = 0.05 if quick else 0.2
    dims, batches = ([2, 20], [64, 1024]) if quick else ([2, 5, 20, 64], [64, 256, 1024, 4096])
    sizes = [(BATCH, dim) for dim in dims] + [(batch, DIM) for batch in batches]

    ratios = measure_ratios(repeats, slot)
    growth = measure_growth(list(dict.fromkeys(sizes)), min(repeats, 5), slot)
    claims = [
        Claim(row["ratio"], row["measured"], LIMITS[row["ratio"]], also_quick=True)
        for row in ratios
    ]
    setting = f"batch {BATCH}, dim {DIM}, network {NETWORK}, on {jax.devices()[0].device_kind}"
    return Findings(ratios, claims, {"setting": setting, "growth": growth})

"""Claim: what a flow costs grows no faster than its layers and rows, and no faster than the square of its dimensions.

    python -m benchmarks flow_growth [--quick] [--json]

Milliseconds of a gradient of the likelihood, of draws, of velocities and of the closed map, and megabytes of each, of
the usual flow (`models.Flow`) with one size changed at a time; and the seconds of compilation of each program.
Exponents are those between the two largest sizes: rotations of d coordinates take d^2 operations, everything else as many
as there are coordinates.
"""

import math
import statistics
import time
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.claim import Claim, Findings, Option, benchmark, log
from benchmarks.speed import Program
from conservax.data import Units, read_table
from conservax.law import ConservationLaw
from conservax.models import Flow, law_maker

USUAL = {"dim": 50, "rows": 1024, "layers": 8}
SIZES = {
    "dim": (2, 5, 20, 50, 100, 200, 500),
    "rows": (256, 1024, 4096, 16_384),
    "layers": (4, 8, 16),
}
QUICK_SIZES = {"dim": (2, 50), "rows": (256, 1024), "layers": (4, 8)}
LIMITS = {"dim": 2.0, "rows": 1.1, "layers": 1.1}
_SLOT = 0.2  # seconds of calls in each repeat


def flow(dim: int, layers: int) -> ConservationLaw:
    """The flow that a fit begins with, on rows of four snapshots."""
    rng = np.random.default_rng(0)
    table = read_table((np.repeat(np.arange(4.0), 500), rng.normal(size=(2000, dim))))
    units = Units.of(table)
    t, x = units.time.to_unit(table.t), units.standardise(table.x)
    law = law_maker(Flow(layers=layers), units, t, x, seed=0)(jax.random.key(0))
    assert isinstance(law, ConservationLaw)
    return law


def programs(dim: int, rows: int, layers: int) -> dict[str, tuple[Program, float]]:
    """Compiled programs, each with the seconds that compiling took."""
    arrays, rest = eqx.partition(flow(dim, layers), eqx.is_inexact_array)
    t = jax.random.uniform(jax.random.key(1), (rows,))
    x = jax.random.normal(jax.random.key(2), (rows, dim))
    keys = jax.random.split(jax.random.key(3), rows)

    def loss(arrays, t, x):
        return -jnp.mean(jax.vmap(eqx.combine(arrays, rest).log_prob)(t, x))

    recipes: dict[str, tuple] = {
        "gradient of NLL": (jax.grad(loss), arrays, t, x),
        "sample": (lambda a, k, t: jax.vmap(eqx.combine(a, rest).sample)(k, t), arrays, keys, t),
        "velocity": (lambda a, t, x: jax.vmap(eqx.combine(a, rest).velocity)(t, x), arrays, t, x),
        "flow map": (
            lambda a, t, x: jax.vmap(eqx.combine(a, rest).flow_map)(t, 1 - t, x), arrays, t, x
        ),
    }  # fmt: skip
    found = {}
    for name, recipe in recipes.items():
        began = time.perf_counter()
        program = Program(*recipe)
        found[name] = program, time.perf_counter() - began
    return found


def measured(size: Mapping[str, int], repeats: int) -> list[dict[str, Any]]:
    """A row for each program of one size."""
    rows = []
    for name, (program, compiling) in programs(**size).items():
        calls = program.calls_within(_SLOT)
        took = statistics.median(program.seconds(calls) for _ in range(repeats))
        memory = program.memory
        megabytes = None if memory is None else memory / 2**20
        row = {**size, "program": name, "milliseconds": 1e3 * took, "megabytes": megabytes}
        rows.append(row | {"compiling": compiling})
    return rows


def exponents(rows: list[dict[str, Any]], sizes: Mapping[str, tuple[int, ...]]) -> list[Claim]:
    """How fast the milliseconds of each program grow between the two largest of each size."""
    found = []
    for axis, values in sizes.items():
        small, large = values[-2:]
        others = {name: value for name, value in USUAL.items() if name != axis}
        took = {
            (row["program"], row[axis]): row["milliseconds"]
            for row in rows
            if others.items() <= row.items()
        }
        for program in dict.fromkeys(row["program"] for row in rows):
            ratio = took[program, large] / took[program, small]
            exponent = math.log(ratio) / math.log(large / small)
            found.append(Claim(f"{program}, exponent of {axis}", exponent, LIMITS[axis]))
    return found


@benchmark(repeats=Option(5, "timings of each program", quick=2, least=1))
def run(*, quick: bool, repeats: int) -> Findings:
    """Two sizes of each kind if quick."""
    sizes = QUICK_SIZES if quick else SIZES
    wanted = [USUAL | {axis: value} for axis, values in sizes.items() for value in values]
    rows = []
    for size in (dict(pairs) for pairs in dict.fromkeys(tuple(size.items()) for size in wanted)):
        rows += measured(size, repeats)
        log(
            ", ".join(f"{row['program']} {row['milliseconds']:.3g} ms" for row in rows[-4:])
            + f": {size}"
        )
    setting = f"network 64 x 2, on {jax.devices()[0].device_kind}"
    return Findings(rows, exponents(rows, sizes), {"setting": setting})

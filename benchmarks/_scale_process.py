"""One process of `python -m benchmarks scale`: what one device does and exchanges in a training step.

    XLA_FLAGS=--xla_force_host_platform_device_count=4 python -m benchmarks._scale_process ROWS

Prints one JSON object. ROWS is the batch of all devices together.
"""

import json
import re
import sys

import equinox as eqx
import jax
import numpy as np
import optax

from conservax.density import Autoregressive
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy, NegativeLogLikelihood, Rows
from conservax.train import cosine_adam
from conservax.train._chunk import make_chunk, padded, replicated_and_split
from conservax.train._state import initial_state

BYTES = {"pred": 1, "u8": 1, "s32": 4, "u32": 4, "f32": 4, "f64": 8, "u64": 8, "s64": 8}
EXCHANGE = re.compile(r"= (.+?) (all-reduce|all-gather|all-to-all|collective-permute)(?:-start)?\(")


def exchanged(program: str) -> dict[str, int]:
    """Bytes of the results of every kind of exchange between devices in a program."""
    found: dict[str, int] = {}
    for shapes, kind in EXCHANGE.findall(program):
        for dtype, sides in re.findall(r"(\w+)\[([\d,]*)\]", shapes):
            count = int(np.prod([int(side) for side in sides.split(",") if side], initial=1))
            found[kind] = found.get(kind, 0) + BYTES[dtype] * count
    return found


def step_of(rows: int) -> jax.stages.Compiled:
    """The compiled program of one step on a batch of so many rows, split over all devices."""
    key = jax.random.key(0)
    law = ConservationLaw(Autoregressive(2, width=128, depth=3, key=key), KnotheRosenblatt())
    objective = NegativeLogLikelihood() + 0.01 * KineticEnergy()
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), cosine_adam(2e-3, 1000))
    copied, split = replicated_and_split(jax.devices())
    state = jax.tree.map(lambda leaf: leaf[None], initial_state(key, law, optimiser))
    data = padded(Rows(np.zeros(20_000, np.float32), np.zeros((20_000, 2), np.float32)))
    state, data = jax.device_put((state, data), copied)
    settings = {"steps": 1, "batch_size": rows, "average": 0.99, "sharding": split}
    step = make_chunk(law, objective, optimiser, **settings, noise=0.0, time_noise=0.0)
    return eqx.filter_jit(step.func.__wrapped__).lower(*step.args, state, data).compile().compiled


if __name__ == "__main__":
    compiled = step_of(int(sys.argv[1]))
    cost = compiled.cost_analysis()
    found = {
        "devices": len(jax.devices()),
        "operations": cost["flops"],
        "memory": cost["bytes accessed"],
        "exchanged": exchanged(compiled.as_text()),
    }
    print(json.dumps(found))

"""One process of `python -m benchmarks wait`: milliseconds of a training step of several models.

    python -m benchmarks._step_process

Prints one JSON object, milliseconds by name. A step is the median over chunks, compiling left out.
"""

import itertools
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

CHUNK, CHUNKS = 50, 8


def snapshots(rows: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows at four times, of normals that move apart."""
    rng = np.random.default_rng(0)
    t = np.repeat(np.arange(4.0), rows // 4)
    return t, rng.normal(size=(len(t), dim)) + 2 * t[:, None]


def stamped(rows: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows at times of their own, of a normal that goes round."""
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 10, rows)
    return t, rng.normal(size=(rows, dim)) + np.sin(t)[:, None]


def milliseconds(fit: Callable[..., Any]) -> float:
    """Of a step, with its share of the validation that follows each chunk."""
    import conservax as cx

    ends: list[float] = []
    fit(
        training=cx.Training(steps=CHUNK * CHUNKS, chunk=CHUNK, progress=False),
        on_chunk=lambda report: ends.append(time.perf_counter()),
    )
    took = [after - before for before, after in itertools.pairwise(ends)]
    return 1e3 * statistics.median(took) / CHUNK


def steps() -> dict[str, float]:
    """Milliseconds of a step by what is trained."""
    import conservax as cx

    def fitted(rows: Any, model: Any) -> float:
        return milliseconds(partial(cx.fit, rows, model=model))

    rng = np.random.default_rng(0)
    record = pd.DataFrame(rng.normal(size=(2000, 2)), columns=["x", "y"])
    record["t"] = np.sort(rng.uniform(0, 100, 2000))
    events = partial(cx.fit_events, record, time="t", columns=["x", "y"], window=5.0)
    return {
        "autoregressive 600 x 2": fitted(stamped(600, 2), cx.models.Autoregressive()),
        "autoregressive 2000 x 5": fitted(stamped(2000, 5), cx.models.Autoregressive()),
        "autoregressive 4000 x 20": fitted(stamped(4000, 20), cx.models.Autoregressive()),
        "autoregressive, snapshots 2000 x 5": fitted(
            snapshots(2000, 5), cx.models.Autoregressive()
        ),
        "factorized 2000 x 2": fitted(stamped(2000, 2), cx.models.Factorized()),
        "kernel mixture 2000 x 2": fitted(stamped(2000, 2), cx.models.KernelMixture()),
        "trajectories, snapshots 2000 x 5": fitted(snapshots(2000, 5), cx.models.Trajectories()),
        "point process 2000 x 2": milliseconds(events),
    }


if __name__ == "__main__":
    print(json.dumps(steps()))

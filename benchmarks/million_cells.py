"""Claim: a million cells are read, fitted and annotated in bounded memory on two cores.

Simulated cells drift in `--dims` principal components over five days; they are written to a `.h5ad`
file with a matrix X that would not fit beside them. Then, in a fresh process: the file is read, a
small law is fitted for one epoch, every cell gets its velocity and its log density, and a tenth of
the first day's cells is pushed to the last; with `--transport`, every cell is transported there. Printed:
seconds, cells per second, and peak memory after each step, from the operating system. Limit: beyond
what the process holds before it reads, `FIXED` MiB, mostly of the compiler, and `COPIES` copies of
the coordinates in float64.

    python -m benchmarks million_cells [--quick] [--cells 1000000] [--dims 50] [--transport] [--json]
"""

import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks._fresh_process import in_fresh_process, peak_memory
from benchmarks.claim import Claim, Findings, Option, benchmark

FIXED, COPIES = 512, 8
BATCH = 1024


def write_cells(path: Path, count: int, dims: int) -> None:
    """Cells of unequal days, their components, and a wide matrix X on disk that stays unread."""
    import anndata
    import h5py
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    day = rng.choice(5, count, p=[0.1, 0.15, 0.2, 0.25, 0.3]).astype(np.int8)
    x = rng.normal(size=(count, dims)).astype(np.float32)
    x[:, 0] += day
    obs = pd.DataFrame({"day": day}, index=[f"c{i}" for i in range(count)])
    anndata.AnnData(obs=obs, obsm={"X_pca": x}).write_h5ad(path)
    with h5py.File(path, "a") as file:
        # 2000 genes per cell, of which the file holds only the zeros that it says it does.
        matrix = file.create_dataset("X", (count, 2000), "f4", chunks=(1000, 2000))
        matrix.attrs["encoding-type"], matrix.attrs["encoding-version"] = "array", "0.2.0"


def measure(path: Path, dims: int, transport: bool) -> dict[str, Any]:
    import anndata
    import h5py
    import jax.numpy as jnp
    from anndata.io import read_elem

    import conservax

    warnings.simplefilter("ignore")
    jnp.ones(3).sum().block_until_ready()
    steps, start = [], peak_memory()

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - began
        steps.append({"step": name, "seconds": seconds, "peak": peak_memory()})
        return result

    read = {"time": "day", "columns": ["X_pca"], "dims": dims}
    table = timed("read", lambda: conservax.data.read_table(path, **read))
    count = len(table)
    epoch = -(-9 * count // 10 // BATCH)
    small = conservax.models.Autoregressive(components=8, width=32, depth=2, kinetic_weight=0.0)
    training = conservax.Training(steps=epoch, batch_size=BATCH)
    model = timed("fit, one epoch", lambda: conservax.fit(table, model=small, training=training))
    with h5py.File(path) as file:
        cells = anndata.AnnData(
            obs=read_elem(file["obs"]), obsm={"X_pca": read_elem(file["obsm/X_pca"])}
        )
    timed("velocity, log density", lambda: model.annotate(cells))
    if transport:
        timed("transport all to day 4", lambda: model.annotate(cells, to=4))
    group = cells.obsm["X_pca"][:, 1] < -1.28
    timed("push a tenth of day 0", lambda: model.push(cells, group, 0, 4))
    return {
        "cells": count,
        "dims": dims,
        "start": start,
        "steps": steps,
        "grown": peak_memory() - start,
        "limit": FIXED + COPIES * 8 * count * dims / 2**20,
    }


@benchmark(
    cells=Option(1_000_000, "cells", quick=20_000, least=1),
    dims=Option(50, "principal components", least=2),
    transport=Option(False, "transport every cell, too"),
)
def run(*, quick: bool, cells: int, dims: int, transport: bool) -> Findings:
    del quick  # fewer cells, nothing else
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.h5ad"
        write_cells(path, cells, dims)
        result = in_fresh_process(measure, path, dims, transport)
    rows = [step | {"cells per second": cells / step["seconds"]} for step in result["steps"]]
    sizes = {"cells": cells, "dims": dims, "MiB before reading": result["start"]}
    return Findings(rows, [Claim("MiB grown by", result["grown"], result["limit"])], sizes)

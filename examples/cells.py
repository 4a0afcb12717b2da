"""From snapshots of cells in AnnData to velocities, fates and pictures, and back into AnnData.

    pip install "conservax[anndata]"
    python examples/cells.py                      # 2500 made-up cells of a population that branches
    python examples/cells.py mine.h5ad --time day --embedding X_umap --group cell_type=stem

Written are `cells.h5ad`, which scanpy opens, with velocities and fates of each cell; `streamlines.png`,
`population.gif` and `report.html`. Your own file needs times in `obs` as numbers, principal
components in `obsm["X_pca"]`, and an embedding of two coordinates.
"""

import argparse
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

import conservax


def branching(seed: int = 0) -> anndata.AnnData:
    """Five snapshots of unequal size: stem cells that become two kinds after the first day."""
    rng = np.random.default_rng(seed)
    day = np.repeat([0.0, 1.0, 2.0, 3.0, 4.0], [700, 300, 600, 400, 500])
    age = day + 0.25 * rng.normal(size=len(day))
    side = np.where(rng.uniform(size=len(day)) < 0.6, 1.0, -1.0)
    apart = side * 0.9 * np.clip(age - 1, 0, None)
    state = np.stack([2 * age, 2 * apart], 1) + 0.4 * rng.normal(size=(len(day), 2))
    bent = np.stack([0.1 * state[:, 0] ** 2, np.sin(state[:, 1])], 1)
    noise = rng.normal(size=(len(day), 8)) * np.geomspace(0.8, 0.2, 8)
    kind = np.where(age < 1.3, "stem", np.where(side > 0, "upper", "lower"))
    turned = np.stack([state[:, 0] - 0.06 * state[:, 1] ** 2, 1.5 * np.tanh(state[:, 1] / 3)], 1)
    return anndata.AnnData(
        obs=pd.DataFrame(
            {"day": pd.Categorical(day.astype(int)), "cell_type": pd.Categorical(kind)},
            index=[f"cell{i}" for i in range(len(day))],
        ),
        obsm={
            "X_pca": np.concatenate([state, bent, noise], 1).astype(np.float32),
            "X_umap": (turned + 0.05 * rng.normal(size=turned.shape)).astype(np.float32),
        },
    )


parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("file", nargs="?", help="an .h5ad file of yours")
parser.add_argument("--time", default="day", help="column of obs: numbers")
parser.add_argument("--dims", type=int, default=4, help="principal components to model")
parser.add_argument("--embedding", default="X_umap", help="array of obsm to draw on")
parser.add_argument("--group", default="cell_type=upper", help="cells to look back from")
parser.add_argument("--leave-out", type=float, help="a time to keep from training, as a test")
parser.add_argument("--out", type=Path, default=Path("branching"), help="folder to write to")
parser.add_argument("--steps", type=int, default=1500, help="training steps at most")
asked = parser.parse_args()

# ---- read and fit

cells = anndata.read_h5ad(asked.file) if asked.file else branching()
model = conservax.fit(
    cells,
    time=asked.time,
    columns=["X_pca"],
    dims=asked.dims,
    training=conservax.Training(steps=asked.steps),
    holdout=conservax.HoldOut(test=0.1, leave_out=asked.leave_out),
)
asked.out.mkdir(parents=True, exist_ok=True)
model.save(asked.out / "model.conservax", force=True)
print("report:", model.report(asked.out / "report.html", force=True))

# ---- back into AnnData: velocities, where each cell is at the end, and where a group came from

times = np.unique(cells.obs[asked.time].astype(float))
first, last = times[0], times[-1]
model.annotate(cells, to=last, embedding=asked.embedding)
column, kind = asked.group.split("=")
model.pull(cells, {column: kind}, last, times[1], key="came_from")
model.push(cells, cells.obs["came_from"].to_numpy() > 0, times[1], last, key="becomes")
cells.write_h5ad(asked.out / "cells.h5ad")
print(cells)

came_from = cells.obs["came_from"]
likely = came_from.sort_values(ascending=False).index[:5]
print(
    f"{kind} cells of time {last:g} come, above all, from {', '.join(likely)} of time {times[1]:g}"
)

# ---- pictures

on = {"cells": cells, "embedding": asked.embedding}
print("picture:", model.streamlines(asked.out / "streamlines.png", **on, force=True))
print("picture:", model.streamlines(asked.out / "components.png", cells=cells, force=True))
print("film:", model.animate(asked.out / "population.gif", **on, force=True))

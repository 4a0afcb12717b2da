"""Claim: at every snapshot the default model is as good as a density fitted to that snapshot alone.

Four normals in 4-D of 700 rows, neighbours 3, 10 and 30 widths apart; three in 10-D of 900 rows, as far
apart as the spread of all is several times that of each; and cells: embryoid bodies (5 and 10 principal
components), mouse hematopoiesis, EMT, zebrafish (10 coordinates). For each time: held-out nats per row
of the model less those of one normal, and of a Gaussian mixture chosen on the validation rows, both
fitted to the training rows of that time (below 0 the model is better), the standard error of the
second, and the standard deviation of 4 000 draws over that of all rows, in the coordinate where it is
farthest from 1. An excess is a miss where it is above .05 nats and above three standard errors.

    CONSERVAX_DATA=... python -m benchmarks snapshot_widths [--quick] [--json] [--rows NAME ...]
        [--kinetic-weight 0] [--model trajectories] [--seed 1]

Takes 20 minutes on two cores; --quick, with a tenth of the steps and fewer tables, two.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

import conservax
from benchmarks.claim import Claim, Findings, Option, benchmark, log
from benchmarks.data_folder import data_folder
from conservax.models import MODELS, AbstractModelSpec
from conservax.scoring import losses

NORMAL, MIXTURE = "Normal per snapshot", "Gaussian mixture per snapshot"
DRAWS, EXCESS, ERRORS = 4000, 0.05, 3.0

Table = tuple[np.ndarray, np.ndarray]


def normals(apart: float, *, count: int, rows: int, dim: int) -> Table:
    """Normals of unlike shapes along a crooked line, their means `apart` standard deviations apart."""
    rng = np.random.default_rng(0)
    t, x = np.repeat(np.arange(float(count)), rows), []
    centre = np.zeros(dim)
    for _ in range(count):
        factor = np.tril(rng.normal(size=(dim, dim)), -1) + np.diag(rng.uniform(0.4, 1.0, dim))
        deviation = np.sqrt((factor**2).sum(1))
        x.append(centre + rng.normal(size=(rows, dim)) @ factor.T)
        step = rng.normal(size=dim)
        centre = centre + apart * deviation * step / np.sqrt(np.mean(step**2))
    return t, np.concatenate(x)


def embryoid(dim: int) -> Table:
    table = np.load(data_folder() / "embryoid_body" / "eb_nlsb_val_test_100pc.npz")
    t = np.concatenate([table["t_val"], table["t_test"]]).astype(float)
    return t, np.concatenate([table["X_val"], table["X_test"]]).astype(float)[:, :dim]


def cells(name: str, dim: int | None = None) -> Table:
    table = pd.read_csv(data_folder() / name / f"{name}.csv")
    x = table[[column for column in table.columns if column.startswith("x")]]
    return table["samples"].to_numpy(float), x.to_numpy(float)[:, :dim]


TABLES: dict[str, Callable[[], Table]] = {
    "normals, 3 widths": lambda: normals(3, count=4, rows=700, dim=4),
    "normals, 10 widths": lambda: normals(10, count=4, rows=700, dim=4),
    "normals, 30 widths": lambda: normals(30, count=4, rows=700, dim=4),
    "normals in 10-D": lambda: normals(10, count=3, rows=900, dim=10),
    "embryoid, 5 PCs": lambda: embryoid(5),
    "embryoid, 10 PCs": lambda: embryoid(10),
    "hematopoiesis": lambda: cells("mouse_hematopoiesis"),
    "emt": lambda: cells("emt"),
    "zebrafish": lambda: cells("zebrafish", 10),
}


def metrics(name: str, spec: AbstractModelSpec, steps: int, seed: int) -> list[dict]:
    t, x = TABLES[name]()
    begun = time.perf_counter()
    model = conservax.fit(
        (t, x),
        model=spec,
        training=conservax.Training(steps=steps, progress=False),
        holdout=conservax.HoldOut(test=0.2),
        seed=seed,
    )
    seconds = time.perf_counter() - begun
    test = model.split.test
    found = losses(model, test)
    over = {kind: found.ours - values for kind, _, values in found.baselines}
    rows = []
    for at in np.unique(t):
        there = test.t == model.units.time.parse([at])
        drawn = model.sample(float(at), DRAWS).std(0) / x[t == at].std(0)
        error = over[MIXTURE][there].std(ddof=1) / np.sqrt(there.sum())
        excess = [float(over[kind][there].mean()) for kind in (NORMAL, MIXTURE)]
        rows.append(
            {
                "rows": name,
                "time": float(at),
                "nats": float(found.ours[there].mean() - model.units.log_volume),
                "over normal": excess[0],
                "over mixture": excess[1],
                "error": float(error),
                "width": float(drawn[np.abs(np.log(drawn)).argmax()]),
                "best step": model.settings.outcome.best_step,
                "seconds": seconds,
            }
        )
    return rows


def claim_of(row: dict) -> Claim:
    """The larger excess, against what is allowed beside the error of the mixture's."""
    excess = max(row["over normal"], row["over mixture"])
    name = f"nats over a density of the snapshot, {row['rows']}, t = {row['time']:g}"
    return Claim(name, excess, max(EXCESS, ERRORS * row["error"]))


@benchmark(
    rows=Option(tuple(TABLES), "tables", quick=tuple(TABLES)[:2], among=tuple(TABLES)),
    kinetic_weight=Option(0.01, "weight of the kinetic energy; 0 for none"),
    model=Option("autoregressive", "of conservax.models", among=tuple(MODELS)),
    seed=Option(0, "of the model"),
)
def run(
    *, quick: bool, rows: Sequence[str], kinetic_weight: float, model: str, seed: int
) -> Findings:
    """200 steps and two tables if quick."""
    spec = MODELS[model](kinetic_weight=kinetic_weight)
    found = []
    for name in rows:
        lines = metrics(name, spec, 200 if quick else 2000, seed)
        for row in lines:
            log(f"{name}, t = {row['time']:g}: over the mixture {row['over mixture']:+.3f} nats")
        found += lines
    return Findings(found, [claim_of(row) for row in found])

"""Claim: at every snapshot the default model is as good as densities fitted to it alone, or to all rows.

Four normals in 4-D of 700 rows, neighbours 3, 10 and 30 widths apart; three in 10-D of 900 rows, as far
apart as the spread of all is several times that of each; fifty in 2-D of 10 rows, at rest and .3 widths
apart; and cells: embryoid bodies (5 and 10 principal components), mouse hematopoiesis, EMT, zebrafish
(10 coordinates). For each time, or for all where times have fewer than 20 test rows: held-out nats per
row of the model less those of one normal for each snapshot, of a Gaussian mixture for each, chosen on
the validation rows, and of one for all snapshots (below 0 the model is better), the standard error of
the largest of them, and the standard deviation of 4 000 draws over that of all rows, in the coordinate
where it is farthest from 1. An excess is a miss where it is above .05 nats and above three standard
errors.

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

RIVALS = {
    "over normal": "Normal per snapshot",
    "over mixture": "Gaussian mixture per snapshot",
    "over one for all": "Gaussian mixture (no time)",
}
DRAWS, EXCESS, ERRORS, FEW = 4000, 0.05, 3.0, 20

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


def resting(apart: float) -> Table:
    """Fifty normals in 2-D of 10 rows, their means on a straight line."""
    rng = np.random.default_rng(0)
    t = np.repeat(np.arange(50.0), 10)
    return t, [2.0, 1.0] * (rng.normal(size=(500, 2)) + apart * t[:, None])


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
    "50 of 10 rows, at rest": lambda: resting(0),
    "50 of 10 rows, .3 widths": lambda: resting(0.3),
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
    over = {
        column: found.ours - next(values for name, _, values in found.baselines if name == rival)
        for column, rival in RIVALS.items()
    }
    times = model.units.time.to_column(test.t)
    few = np.median(np.unique(times, return_counts=True)[1]) < FEW
    rows = []
    for at in ["all"] if few else np.unique(t):
        there = np.ones(len(test), bool) if few else times == at
        excess = {column: float(values[there].mean()) for column, values in over.items()}
        worst = over[max(excess, key=excess.get)][there]
        seen = np.random.default_rng(seed).choice(t, DRAWS) if few else at
        spread = x.std(0) if few else x[t == at].std(0)
        drawn = model.sample(seen, DRAWS).std(0) / spread
        rows.append(
            {
                "rows": name,
                "time": at if few else f"{at:g}",
                "nats": float(found.ours[there].mean() - model.units.log_volume),
                **excess,
                "error": float(worst.std(ddof=1) / np.sqrt(there.sum())),
                "width": float(drawn[np.abs(np.log(drawn)).argmax()]),
                "best step": model.settings.outcome.best_step,
                "seconds": seconds,
            }
        )
    return rows


def claim_of(row: dict) -> Claim:
    """The largest excess, against what is allowed beside its error."""
    excess = max(row[column] for column in RIVALS)
    name = f"nats over another density, {row['rows']}, t = {row['time']}"
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
            worst = max(row[column] for column in RIVALS)
            log(f"{name}, t = {row['time']}: over the best of the others {worst:+.3f} nats")
        found += lines
    return Findings(found, [claim_of(row) for row in found])

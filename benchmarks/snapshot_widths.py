"""Claim: at every snapshot the default model is as good as a density fitted to that snapshot alone.

Four normals in 4-D of 700 rows, neighbours 3, 10 and 30 widths apart; three in 10-D of 900 rows, as far
apart as the spread of all is several times that of each; and cells: embryoid bodies (5 and 10 principal
components), mouse hematopoiesis, EMT, zebrafish (10 coordinates). For each time: held-out nats a row
of the model less those of one normal, and of a Gaussian mixture chosen on the validation rows, both
fitted to the training rows of that time (below 0 the model is better), the standard error of the
second, and the standard deviation of 4 000 draws over that of all rows, in the coordinate where it is
farthest from 1. An excess is a miss where it is above .05 nats and above three standard errors.

    CONSERVAX_DATA=... python benchmarks/snapshot_widths.py [--quick] [--json] [--only NAME ...]
        [--kinetic 0] [--density paths] [--seed 1]

Takes 20 minutes on two cores; --quick, with a tenth of the steps and fewer tables, two.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import conservax
from conservax.score import losses

DATA = Path(os.environ.get("CONSERVAX_DATA", "../shared/data"))
NORMAL, MIXTURE = "Normal per snapshot", "Gaussian mixture per snapshot"
DRAWS, EXCESS, ERRORS = 4000, 0.05, 3.0

Rows = tuple[np.ndarray, np.ndarray]


def normals(apart: float, *, count: int, rows: int, dim: int) -> Rows:
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


def embryoid(dim: int) -> Rows:
    table = np.load(DATA / "embryoid_body" / "eb_nlsb_val_test_100pc.npz")
    t = np.concatenate([table["t_val"], table["t_test"]]).astype(float)
    return t, np.concatenate([table["X_val"], table["X_test"]]).astype(float)[:, :dim]


def cells(name: str, dim: int | None = None) -> Rows:
    table = pd.read_csv(DATA / name / f"{name}.csv")
    x = table[[column for column in table.columns if column.startswith("x")]]
    return table["samples"].to_numpy(float), x.to_numpy(float)[:, :dim]


TABLES: dict[str, Callable[[], Rows]] = {
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


def figures(name: str, how: dict) -> list[dict]:
    t, x = TABLES[name]()
    begun = time.perf_counter()
    model = conservax.fit((t, x), test=0.2, progress=False, **how)
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
                "best step": model.settings["best_step"],
                "seconds": seconds,
                "passed": bool(max(excess) < max(EXCESS, ERRORS * error)),
            }
        )
    return rows


def line(row: dict) -> str:
    numbers = f"{row['nats']:8.3f} {row['over normal']:+12.3f} {row['over mixture']:+13.3f}"
    rest = f"{row['error']:6.3f} {row['width']:6.2f} {row['best step']:10} {row['seconds']:8.0f}"
    verdict = "PASS" if row["passed"] else "MISS"
    return f"{row['rows']:20} {row['time']:4g} {numbers} {rest}  {verdict}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="200 steps, two tables")
    parser.add_argument("--json", action="store_true", help="one machine-readable object")
    parser.add_argument("--only", nargs="+", choices=list(TABLES), help="these tables alone")
    parser.add_argument("--kinetic", type=float, default=0.01, help="price of motion; 0 for none")
    parser.add_argument("--density", default="autoregressive")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names = options.only or list(TABLES)[: 2 if options.quick else None]
    how = {name: getattr(options, name) for name in ("kinetic", "density", "seed")}
    how |= {"steps": 200} if options.quick else {}
    rows = []
    if not options.json:
        print(
            "rows                 time     nats  over normal  over mixture  error  width  best step  seconds"
        )
    for name in names:
        rows += figures(name, how)
        if not options.json:
            print(*map(line, rows[-len(np.unique(TABLES[name]()[0])) :]), sep="\n", flush=True)
    if options.json:
        print(json.dumps(rows))
    return int(not all(row["passed"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())

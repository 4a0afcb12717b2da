"""Claim: flows transport cells better than OT-CFM, exact densities beside; every model on the same cells.

Every model is fitted by name with its usual settings, the flow also to all cells in fewer steps; OT-CFM
[tong2024] with two (torchcfm, the extra `peers`), of which the better one counts; and where there are two snapshots, a
drift is trained by simulation for a minute, with the transport cost as a penalty. Printed: exact W1 and W2 of
draws, and of test cells transported from the snapshot before by the closed map of a model or else its ODE, beside
the floor of real cells; negative log-likelihood of test cells; squared displacement of the transported cells over
the exact W2^2 of the same cells; the farthest that a transported cell lies from the middle of all cells, over
their half-range; seconds of the fit, and to transport 10 000 cells, compilation included; peak memory of the
process, JAX included, also where torch trains. Each fit is a process of its own.

`eb`: embryoid body, 5 components; `leave-one-out`: the same without one time; `eb-50`: 50 components; `zebrafish`: 52;
`branching`: one blob that splits in three; `plane`: the 21 pairs of `transport2d`; `normals-*` and `mixtures-*`: with full
covariances in 10 and 20 dimensions.

    CONSERVAX_DATA=... python -m benchmarks flow [--quick] [--rows eb ...] [--models flow ...] [--seeds 3] [--json]
"""

import dataclasses
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._flow_matching_peer import FlowMatching, fit_flow_matching
from benchmarks._flow_sets import FLOW_SETS, FlowTask, flow_tasks
from benchmarks._fresh_process import in_fresh_process, peak_memory
from benchmarks._simulation_peer import Simulation, fit_by_simulation
from benchmarks.claim import Claim, Findings, Option, benchmark, log
from conservax.check import Population, SnapshotTest
from conservax.data import HoldOut, by_time
from conservax.field import MatrixField
from conservax.fitting import Model, fit
from conservax.models import Autoregressive, Flow, Trajectories
from conservax.train import Training

MATCHED = 1.0  # weight of coupled matching for models that have none by default


def _with_field(dim: int, matching_weight: float) -> Autoregressive:
    return Autoregressive(
        divergence_free=lambda key: MatrixField(dim, key=key), matching_weight=matching_weight
    )


MODELS: dict[str, Any] = {
    "flow": lambda dim: Flow(),
    "flow, all cells": lambda dim: Flow(),
    "flow, unmatched": lambda dim: Flow(matching_weight=0.0),
    "trajectories": lambda dim: Trajectories(),
    "trajectories, many": lambda dim: Trajectories(components=2048, kinetic_weight=0.0),
    "trajectories, matched": lambda dim: Trajectories(matching_weight=MATCHED),
    "autoregressive": lambda dim: Autoregressive(),
    "autoregressive, field": lambda dim: _with_field(dim, 0.0),
    "autoregressive, field, matched": lambda dim: _with_field(dim, MATCHED),
}
# Steps, and the fraction held back, where they are not the usual ones.
TRAININGS = {"flow, all cells": (1000, 0.0)}
# Settings that claims are made of, where they are not the usual ones: by training cells held back (W1 .946 of the one
# against .962 of the other).
CHOSEN = {"eb": "flow, all cells", "leave-one-out": "flow, all cells"}
PEERS = {
    "OT-CFM": FlowMatching(),
    "OT-CFM, 1000 steps": FlowMatching(steps=1000, batch_size=256),
}
SIMULATIONS = {"simulation": Simulation()}  # of two snapshots
USUAL = (
    "flow",
    "flow, all cells",
    "flow, unmatched",
    "trajectories",
    "autoregressive",
    *PEERS,
    *SIMULATIONS,
)
STIFF = 20  # dimensions beyond which models without a closed flow map do not get through their ODE
TRANSPORTED, MOST_CELLS, REPEATS = 10_000, 5000, 5
QUICK_STEPS = 100


@benchmark(
    rows=Option(tuple(FLOW_SETS), "sets of cells", quick=("eb",), among=FLOW_SETS.keys()),
    models=Option(
        USUAL, "models", quick=("flow", "autoregressive"), among=(*MODELS, *PEERS, *SIMULATIONS)
    ),
    seeds=Option(3, "repeats", quick=1, least=1),
    tasks=Option((), "tasks of the sets by name, all by default"),
)
def run(
    *, quick: bool, rows: Sequence[str], models: Sequence[str], seeds: int, tasks: Sequence[str]
) -> Findings:
    lines = []
    for name in rows:
        for seed in range(seeds):
            for number, task in enumerate(flow_tasks(name, seed)):
                if tasks and task.cells.name not in tasks:
                    continue
                for model in models:
                    if is_stiff(model, task) or is_unsuited(model, task):
                        continue
                    line = in_fresh_process(measure, name, number, model, seed, quick)
                    lines.append(line)
                    log(", ".join(f"{key} {value}" for key, value in shown(line).items()))
    table = summary(pd.DataFrame(lines))
    return Findings(table.to_dict("records"), claims(table), more={"each": lines})


def is_stiff(model: str, task: FlowTask) -> bool:
    """Whether a model has no closed flow map, and the task too many dimensions for an ODE of it."""
    return task.cells.train.dim > STIFF and model.startswith(
        ("trajectories", "autoregressive, field")
    )


def is_unsuited(model: str, task: FlowTask) -> bool:
    """Whether a model is of two snapshots, and the task has more."""
    return model in SIMULATIONS and len(by_time(task.cells.train)) > 2


def measure(name: str, number: int, model: str, seed: int, quick: bool) -> dict[str, Any]:
    """Metrics of one model on one task."""
    warnings.simplefilter("ignore")
    task = flow_tasks(name, seed)[number]
    cells, began = task.cells, time.perf_counter()
    likelihood = float("nan")
    if model in PEERS:
        settings = PEERS[model]
        settings = dataclasses.replace(settings, steps=QUICK_STEPS) if quick else settings
        population, seconds = fit_flow_matching(cells.train, settings, seed=seed)
    elif model in SIMULATIONS:
        settings = Simulation(seconds=5.0) if quick else SIMULATIONS[model]
        population, seconds = fit_by_simulation(cells.train, settings, seed=seed)
    else:
        spec = MODELS[model](cells.train.dim)
        steps, validation = TRAININGS.get(model, (None, HoldOut().validation))
        fitted = fit(
            cells.train,
            model=spec,
            training=Training(steps=QUICK_STEPS if quick else steps, progress=False),
            holdout=HoldOut(validation=validation),
            seed=seed,
        )
        seconds, population = time.perf_counter() - began, by_first_way(fitted.population())
        likelihood = nll(fitted, cells.test, cells.evaluated)
    trained = peak_memory()
    test = SnapshotTest(cells.test, cells.others, repeats=REPEATS, most_cells=MOST_CELLS, seed=seed)
    metrics = test.distances(population, cells.evaluated)
    direct = [metric for metric in metrics if metric.method == "direct"]
    transported = [metric for metric in metrics if metric.start == metric.start]
    direct = [metric for metric in direct if metric.time in {each.time for each in transported}]
    start, end = transported[-1].start, transported[-1].time
    began = time.perf_counter()
    transported_by(
        population, np.resize(cells.test[start], (TRANSPORTED, cells.train.dim)), start, end
    )
    transport_seconds = time.perf_counter() - began
    return {
        "set": name,
        "task": cells.name,
        "model": model,
        "seed": seed,
        "w1": _mean(transported, "w1"),
        "w2": _mean(transported, "w2"),
        "direct_w1": _mean(direct, "w1"),
        "direct_w2": _mean(direct, "w2"),
        "floor_w1": _mean(transported, "floor_w1"),
        "floor_w2": _mean(transported, "floor_w2"),
        "nll": likelihood,
        "displacement": _mean(transported, "displacement"),
        "exact": _mean(transported, "w2_squared") if task.exact is None else task.exact,
        "farthest": farthest(population, task),
        "seconds": seconds,
        "transport_seconds": transport_seconds,
        "memory": trained,
    }


def by_first_way(population: Population) -> Population:
    """The population with its first method of transport alone."""
    name, method = next(iter(population.methods.items()))
    return dataclasses.replace(population, methods={name: method})


def transported_by(population: Population, x: np.ndarray, start: float, end: float) -> np.ndarray:
    """Cells transported by the first method of a population."""
    (method, *_) = population.methods.values()
    return method.transport(x, start, end, 0)


def farthest(population: Population, task: FlowTask) -> float:
    """The farthest coordinate of a transported test cell from the middle of all, over the half-range of all."""
    pool = np.concatenate([task.cells.train.x, *task.cells.test.values()])
    low, high = pool.min(axis=0), pool.max(axis=0)
    times, found = sorted(by_time(task.cells.train)), [0.0]
    for end in task.cells.evaluated:
        start = max((t for t in times if t < end), default=None)
        if start is not None:
            x = transported_by(population, task.cells.test[start], start, end)
            found.append(np.max(np.abs(x - (low + high) / 2) / ((high - low) / 2)))
    return float(np.max(found))  # NaN if a cell is lost


def nll(model: Model, test: dict[float, np.ndarray], times: Sequence[float]) -> float:
    """Mean negative log-likelihood of the test cells, nats."""
    each = [-model.log_prob(np.full(len(test[t]), t), test[t]).mean() for t in times]
    return float(np.mean(each))


def _mean(metrics: Sequence[Any], name: str) -> float:
    values = [dataclasses.asdict(metric)[name] for metric in metrics]
    return float(np.mean(values)) if values else float("nan")


def summary(each: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, and over tasks except in the plane, where every pair has a row."""
    plane = each["set"] == "plane"
    each = each.assign(task=each["task"].where(plane, "all"))
    figures = [name for name in each.columns if name not in ("set", "task", "model", "seed")]
    groups: Any = each.groupby(["set", "task", "model"], sort=False)
    table = groups[figures].mean()
    by_seed: Any = each.groupby(["set", "task", "model", "seed"], sort=False)["w1"].mean()
    table["w1_deviation"] = by_seed.groupby(level=["set", "task", "model"]).std()
    table["farthest"] = groups["farthest"].agg(lambda each: np.max(each.to_numpy()))
    table["memory"] = groups["memory"].max()
    table["cost"] = table["displacement"] / table["exact"] - 1
    return table.reset_index()


def claims(table: pd.DataFrame) -> list[Claim]:
    """Limits of the flow, and against its peer in the same run, for what was run."""
    found = []
    flow = {}
    for model in ("flow", *CHOSEN.values()):
        for row in table[table["model"] == model].to_dict("records"):
            if model in ("flow", CHOSEN.get(row["set"])):
                flow[row["set"]] = row
    peer = {}  # the better one of each set
    for row in table[table["model"].isin(list(PEERS))].to_dict("records"):
        if row["set"] not in peer or row["w1"] < peer[row["set"]]["w1"]:
            peer[row["set"]] = row

    def at_most(name: str, value: float, limit: float) -> None:
        found.append(Claim(name, float(value), float(limit)))

    if "eb" in flow:
        at_most("transported W1, embryoid body", flow["eb"]["w1"], 0.77)
        at_most("transported W2, embryoid body", flow["eb"]["w2"], 0.87)
        at_most("direct W1, embryoid body", flow["eb"]["direct_w1"], 0.73)
    if "leave-one-out" in flow:
        at_most("transported W1, one time left out", flow["leave-one-out"]["w1"], 0.919)
    if "eb-50" in flow:
        at_most("transported W1, 50 components", flow["eb-50"]["w1"], 7.27)
    for name, most in (("eb", 1.0), ("leave-one-out", 0.96), ("eb-50", 1.0)):
        if name in flow and name in peer:
            ratio = flow[name]["w1"] / peer[name]["w1"]
            at_most(f"transported W1 over that of OT-CFM, {name}", ratio, most)
    if "eb-50" in flow and "eb-50" in peer:
        ours, theirs = flow["eb-50"], peer["eb-50"]
        at_most("seconds over those of OT-CFM, eb-50", ours["seconds"] / theirs["seconds"], 1.5)
        ratio = ours["transport_seconds"] / theirs["transport_seconds"]
        at_most("seconds to transport over those of OT-CFM, eb-50", ratio, 0.1)
    if "branching" in flow:
        at_most("squared cost against exact, branching", abs(flow["branching"]["cost"]), 0.1)
    if flow:
        most = float(np.max([row["farthest"] for row in flow.values()]))
        at_most("farthest transported cell, half-ranges", most, 2.0)
    return found


def shown(line: dict[str, Any]) -> dict[str, Any]:
    """A line in few digits."""
    return {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in line.items()}

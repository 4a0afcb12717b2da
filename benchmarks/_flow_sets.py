"""Cells and generated populations that flows are compared on: tasks by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from scipy.linalg import sqrtm

from benchmarks.data_folder import stored_arrays, stored_file
from benchmarks.papers._named_densities import DEVIATIONS, named_density
from benchmarks.papers._snapshot_sets import ORIGIN, SNAPSHOT_SETS, SnapshotTask, table_of_cells

PLANE = tuple(combinations(DEVIATIONS, 2))
_PLANE_ROWS, _NORMAL_ROWS = 20_000, 5000  # to train on, of each end
_PLANE_TEST, _NORMAL_TEST = 5000, 2000
_ZEBRAFISH_TEST = 0.3


@dataclass(frozen=True)
class FlowTask:
    """A task of snapshots; `exact` is the squared cost of optimal transport where it has a closed form."""

    cells: SnapshotTask
    exact: float | None = None


def flow_tasks(name: str, seed: int) -> list[FlowTask]:
    """The tasks of a set."""
    return FLOW_SETS[name](seed)


def _stored(name: str, seed: int) -> list[FlowTask]:
    return [FlowTask(task) for task in SNAPSHOT_SETS[name].tasks(seed)]


def _fifty_components(seed: int) -> list[FlowTask]:
    """200 training cells a time, each component over its training deviation."""
    del seed
    held = stored_arrays("eb-50", ORIGIN, "embryoid_body/eb_nlsb_val_test_100pc.npz")
    scale = held["X_val"][:, :50].std(axis=0, ddof=1)

    def part(which: str) -> dict[float, np.ndarray]:
        x, t = held[f"X_{which}"][:, :50].astype(np.float64) / scale, held[f"t_{which}"]
        return {float(time): x[t == time] for time in np.unique(t)}

    return [FlowTask(_task("50 components", part("val"), part("test")))]


def _zebrafish(seed: int) -> list[FlowTask]:
    """Two snapshots in 52 dimensions; three tenths of the cells of each are to test on."""
    import pandas as pd

    rows = pd.read_csv(stored_file("zebrafish", "CytoBridge (MIT)", "zebrafish/zebrafish.csv"))
    rng, train, test = np.random.default_rng([seed, 8]), {}, {}
    for time, cells in rows.groupby("samples"):
        x = rng.permutation(cells.drop(columns="samples").to_numpy(np.float64))
        count = round(_ZEBRAFISH_TEST * len(x))
        test[float(time)], train[float(time)] = x[:count], x[count:]
    scale = np.concatenate(list(train.values())).std(axis=0)
    return [
        FlowTask(_task("two times", *({t: x / scale for t, x in p.items()} for p in (train, test))))
    ]


def _task(name: str, train: dict, test: dict) -> SnapshotTask:
    dim = next(iter(train.values())).shape[1]
    table = table_of_cells(train, [f"x{i + 1}" for i in range(dim)], name)
    return SnapshotTask(name, table, test, train, tuple(test))


def _plane(seed: int) -> list[FlowTask]:
    """Every pair of seven densities of the plane."""
    import jax

    def draw(name: str, key: Any, count: int) -> np.ndarray:
        keys = jax.random.split(key, count)
        return np.asarray(jax.jit(jax.vmap(named_density(name).sample))(keys), np.float64)

    tasks = []
    for pair in PLANE:
        keys = jax.random.split(jax.random.key(seed), (2, 2))
        train, test = (
            {float(end): draw(pair[end], keys[part, end], count) for end in (0, 1)}
            for part, count in enumerate((_PLANE_ROWS, _PLANE_TEST))
        )
        tasks.append(FlowTask(_task(" to ".join(pair), train, test)))
    return tasks


def _normals(dim: int, seed: int) -> list[FlowTask]:
    """One normal to another with full covariances, whose squared cost is known [gelbrich1990]."""
    rng = np.random.default_rng([seed, dim])
    mean = rng.normal(size=dim)
    factors = [rng.normal(size=(dim, dim)) / np.sqrt(dim) + 0.5 * np.eye(dim) for _ in range(2)]
    first, second = (factor @ factor.T for factor in factors)
    root = np.real(sqrtm(first))
    cross = np.real(sqrtm(root @ second @ root))
    exact = float(mean @ mean + np.trace(first + second - 2 * cross))

    def part(count: int) -> dict[float, np.ndarray]:
        noise = rng.normal(size=(2, count, dim))
        return {end: end * mean + noise[int(end)] @ factors[int(end)].T for end in (0.0, 1.0)}

    return [FlowTask(_task(f"normals, {dim}-D", part(_NORMAL_ROWS), part(_NORMAL_TEST)), exact)]


def _mixtures(dim: int, seed: int) -> list[FlowTask]:
    """A mixture of three normals with full covariances to one of four."""
    rng = np.random.default_rng([seed, dim, 1])

    def mixture(components: int) -> Callable[[int], np.ndarray]:
        centre = 2.0 * rng.normal(size=(components, dim))
        factor = rng.normal(size=(components, dim, dim)) / np.sqrt(2 * dim)

        def draw(count: int) -> np.ndarray:
            which = rng.integers(components, size=count)
            return centre[which] + np.einsum(
                "nij,nj->ni", factor[which], rng.normal(size=(count, dim))
            )

        return draw

    ends = mixture(3), mixture(4)
    train, test = (
        {float(t): end(n) for t, end in enumerate(ends)} for n in (_NORMAL_ROWS, _NORMAL_TEST)
    )
    return [FlowTask(_task(f"mixtures, {dim}-D", train, test))]


def _branching(seed: int) -> list[FlowTask]:
    """One blob in five dimensions splits in three, and each turns: four snapshots of 1500 cells."""
    rng, dim, times = np.random.default_rng([seed, 9]), 5, (0.0, 1.0, 2.0, 3.0)
    ways = np.linalg.qr(rng.normal(size=(dim, dim)))[0][:, :3].T
    planes = [np.linalg.qr(rng.normal(size=(dim, 2)))[0] for _ in ways]

    def part(count: int) -> dict[float, np.ndarray]:
        snapshots = {}
        for t in times:
            which = rng.integers(3, size=count)
            x = 0.5 * rng.normal(size=(count, dim)) * np.array([1, 0.8, 0.6, 0.4, 0.3])
            for k, plane in enumerate(planes):
                mine, angle = which == k, 0.4 * t
                turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
                flat = x[mine] @ plane
                x[mine] += (flat @ turn.T - flat) @ plane.T + 1.2 * t * ways[k]
            snapshots[t] = x
        return snapshots

    return [FlowTask(_task("branching", part(1500), part(1500)))]


FLOW_SETS: dict[str, Callable[[int], list[FlowTask]]] = {
    "eb": partial(_stored, "eb"),
    "leave-one-out": partial(_stored, "leave-one-out"),
    "eb-50": _fifty_components,
    "zebrafish": _zebrafish,
    "branching": _branching,
    "plane": _plane,
    "normals-10": partial(_normals, 10),
    "normals-20": partial(_normals, 20),
    "mixtures-10": partial(_mixtures, 10),
    "mixtures-20": partial(_mixtures, 20),
}

"""Snapshots beside draws of the model, and the paths of cells between them."""

import itertools
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.papers._snapshot_models import FittedPopulation
from benchmarks.papers._snapshot_sets import SnapshotTask
from conservax.check import Population

MOST_PANELS, MOST_PATHS, STOPS = 6, 80, 4
_SEED = 0


def draw_snapshots(title: str, task: SnapshotTask, fitted: FittedPopulation, path: Path) -> None:
    """Write a PNG of the first two coordinates: test cells and draws, and paths of test cells."""
    population = fitted.population
    times = task.evaluated if len(task.evaluated) > 1 else tuple(task.test)
    shown = times[:: -(-len(times) // MOST_PANELS)]
    figure = Figure(figsize=(2.6 * len(shown), 7.5), layout="constrained")
    grid = figure.add_gridspec(2, len(shown), height_ratios=[1, 1.6])
    panels = [figure.add_subplot(grid[0, column]) for column in range(len(shown))]
    for panel, t in zip(panels, shown, strict=True):
        cells = task.test[t]
        panel.plot(*cells[:, :2].T, ".", color="0.6", markersize=3, label="test cells")
        if population.sample is not None:
            drawn = population.sample(np.full(len(cells), t), _SEED)
            panel.plot(*drawn[:, :2].T, ".", color="C3", markersize=2, label=fitted.model)
        panel.set_title(f"t = {t:g}{'' if t in task.train.t else ', not trained on'}")
    panels[0].legend(loc="best", fontsize="small")
    wide = figure.add_subplot(grid[1, :])
    _draw_paths(wide, population, task)
    for panel in (*panels, wide):
        _frame(panel, task)
    figure.suptitle(f"{title}, {task.name}: {fitted.model}")
    figure.savefig(path, dpi=90)


def _frame(panel: Axes, task: SnapshotTask) -> None:
    cells = np.concatenate(list(task.test.values()))[:, :2]
    low, high = np.quantile(cells, [0.002, 0.998], axis=0)
    margin = 0.1 * (high - low)
    panel.set_xlim(low[0] - margin[0], high[0] + margin[0])
    panel.set_ylim(low[1] - margin[1], high[1] + margin[1])
    panel.set_xlabel(task.train.columns[0])
    panel.set_ylabel(task.train.columns[1])


def _draw_paths(panel: Axes, population: Population, task: SnapshotTask) -> None:
    times = np.concatenate([np.full(len(cells), t) for t, cells in task.test.items()])
    cells = np.concatenate(list(task.test.values()))
    dots = panel.scatter(*cells[:, :2].T, c=times, s=4, cmap="viridis", alpha=0.6)
    panel.figure.colorbar(dots, ax=panel, label="t")
    if population.methods:
        name, paths = _paths(population, task)
        some = np.moveaxis(paths[..., :2], -1, 0)
        panel.plot(*some, color="k", linewidth=0.5, alpha=0.5)
        panel.set_title(f"{some.shape[2]} test cells transported by {name}")


def _paths(population: Population, task: SnapshotTask) -> tuple[str, np.ndarray]:
    """Some test cells of the first time, shape `(stops, cells, dim)`, transported from stop to stop."""
    name, method = next(iter(population.methods.items()))
    ends = list(task.test)
    stops = [np.linspace(a, b, STOPS, endpoint=False) for a, b in itertools.pairwise(ends)]
    positions = [task.test[ends[0]][:MOST_PATHS]]
    for before, after in itertools.pairwise([*np.concatenate(stops), ends[-1]]):
        known = np.isfinite(positions[-1]).all(axis=1, keepdims=True)
        here = np.where(known, positions[-1], 0.0)  # as many cells as ever: nothing to compile anew
        there = method.transport(here, float(before), float(after), _SEED)
        positions.append(np.where(known, there, np.nan))
    return name, np.stack(positions)

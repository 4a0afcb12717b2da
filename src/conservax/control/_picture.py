"""Pictures of paths among obstacles, as figure 2 of [hua2025]."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conservax.control._paths import Paths, collisions
from conservax.control._problem import Problem

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

_MOST_PATHS = 300


def draw_paths(
    problems: Sequence[Problem],
    rollouts: Sequence[Sequence[Paths]],
    labels: tuple[Sequence[str], Sequence[str]],
    path: Path,
) -> None:
    """Write a PNG with a column per problem and a row per roll-out; paths that collide are red.

    `rollouts` holds for every row the paths of every problem; `labels` names rows and columns. Of
    more than two coordinates the first two are drawn.
    """
    from matplotlib.figure import Figure

    rows, columns = labels
    size = (3.2 * len(columns), 3.3 * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(rows), len(columns), squeeze=False)
    for row, (name, paths) in enumerate(zip(rows, rollouts, strict=True)):
        for column, (problem, found) in enumerate(zip(problems, paths, strict=True)):
            _draw(panels[row, column], problem, found)
        panels[row, 0].set_ylabel(name)
    for column, name in enumerate(columns):
        panels[0, column].set_title(name)
    figure.savefig(path, dpi=100)


def _draw(panel: "matplotlib.axes.Axes", problem: Problem, paths: Paths) -> None:
    for shapes in problem.obstacles:
        for line in shapes.outlines():
            panel.fill(*line.T, color="0.75", zorder=0)
    shown = paths.x[:_MOST_PATHS]
    collided = collisions(problem.obstacles, shown)
    second = shown[..., 1] if shown.shape[-1] > 1 else np.broadcast_to(paths.times, shown.shape[:2])
    for some, colour in ((~collided, "C0"), (collided, "C3")):
        if some.any():
            panel.plot(shown[some, :, 0].T, second[some].T, color=colour, linewidth=0.4, alpha=0.5)
    panel.plot(shown[:, 0, 0], second[:, 0], ".", color="k", markersize=1.5)
    panel.plot(shown[:, -1, 0], second[:, -1], ".", color="C2", markersize=1.5)
    panel.set_aspect("equal" if shown.shape[-1] > 1 else "auto", adjustable="datalim")

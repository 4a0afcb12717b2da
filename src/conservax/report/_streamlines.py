"""The velocity as streamlines, over the cells that have it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from conservax._files import write_whole
from conservax.data import Cells, TimeAxis
from conservax.model import AbstractLawInUnits
from conservax.report._map import degree_ratio, is_map
from conservax.report._moments import moment
from conservax.report._motion import Motion, motion

INK, FAINT = "#20242c", "#8a93a3"
COLOURS = "viridis"
_SIDE, _BLUR = 48, 1.2  # cells a side of the grid, and the width of the average in cells
_MOST_TICKS = 12
_THIN = 0.02  # of the usual number of points around a cell: nobody is there


def write_streamlines(
    model: AbstractLawInUnits,
    path: Path,
    *,
    t: Any = None,
    cells: Cells | None,
    embedding: str | None,
) -> Path:
    """See `Model.streamlines`."""
    moving = motion(model, t, cells, embedding)
    figure = Figure(figsize=(7.2, 6.0), layout="constrained", dpi=150)
    axes = figure.subplots()
    dress(axes, moving.x, moving.names)
    if t is None:
        colour_by_time(figure, axes, model.units.time, moving)
    else:
        axes.plot(*moving.x[::4].T, ".", color=FAINT, markersize=2, alpha=0.5, zorder=0)
        axes.set_title(
            f"{model.units.time.name} {moment(model.units.time, moving.t[0])}", color=INK
        )
    flow(axes, moving, INK, widths=(0.5, 1.7))
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, out.getvalue())
    return path


def flow(axes: Axes, moving: Motion, colour: str, *, widths: tuple[float, float]) -> None:
    """Streamlines inside the limits of the axes, as wide as the speed says."""
    x, y, velocity = averaged(moving, np.array([axes.get_xlim(), axes.get_ylim()]))
    speed = np.hypot(*velocity).filled(0)
    if not speed.any():
        return  # nothing moves
    thin, wide = widths
    width = thin if thin == wide else thin + (wide - thin) * speed / speed.max()
    axes.streamplot(x, y, *velocity, density=1.5, color=colour, linewidth=width, arrowsize=0.9)


def averaged(
    moving: Motion, bounds: Float[np.ndarray, "2 2"]
) -> tuple[np.ndarray, np.ndarray, np.ma.MaskedArray]:
    """Centres of a grid, and the mean velocity of the points around each: masked where they are few.

    Shape of the velocity: `(2, rows, columns)`. Points count as a Gaussian of a cell's width.
    """
    edges = [np.linspace(low, high, _SIDE + 1) for low, high in bounds]
    centres = [(edge[1:] + edge[:-1]) / 2 for edge in edges]

    def around(weights: np.ndarray | None) -> np.ndarray:
        counted = np.histogram2d(*moving.x.T, bins=(edges[0], edges[1]), weights=weights)[0].T
        return gaussian_filter(counted, _BLUR, mode="constant")

    mass = around(None)
    usual = np.average(mass, weights=mass)
    thin = mass < max(_THIN * usual, np.finfo(float).tiny)
    total = np.stack([around(speed) for speed in moving.velocity.T])
    mean = np.divide(total, mass, out=np.zeros_like(total), where=~thin)
    return *centres, np.ma.array(mean, mask=np.stack([thin, thin]))


def colour_by_time(figure: Figure, axes: Axes, time: TimeAxis, moving: Motion) -> None:
    """The points, later ones in lighter colours, and what the colours mean."""
    limits = Normalize(time.start, time.end)
    look = {"cmap": COLOURS, "norm": limits, "s": 5, "linewidths": 0, "alpha": 0.6, "zorder": 0}
    dots = axes.scatter(*moving.x.T, c=moving.t, rasterized=True, **look)
    bar = figure.colorbar(dots, ax=axes, shrink=0.6, label=time.name)
    bar.solids.set_alpha(1)  # type: ignore
    seen = np.unique(moving.t)
    ticks = seen if 1 < len(seen) <= _MOST_TICKS else np.linspace(time.start, time.end, 5)
    ticks = ticks.tolist()
    bar.set_ticks(ticks, labels=[moment(time, tick) for tick in ticks])
    bar.outline.set_visible(False)  # type: ignore


def dress(axes: Axes, shown: Float[np.ndarray, "points 2"], names: tuple[str, str]) -> None:
    """A frame around nearly all of the points, in the colours of a picture by itself."""
    frame(axes, shown, names)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=FAINT, labelsize=8)


def frame(axes: Axes, shown: Float[np.ndarray, "points 2"], names: tuple[str, str]) -> None:
    """Limits around nearly all of the points, and the names of the sides."""
    low, high = np.quantile(shown, (0.002, 0.998), axis=0)
    margin = 0.08 * np.maximum(high - low, 1e-9)
    axes.set(xlim=(low[0] - margin[0], high[0] + margin[0]))
    axes.set(ylim=(low[1] - margin[1], high[1] + margin[1]))
    plain = [name.replace("$", r"\$") for name in names]
    axes.set(xlabel=plain[0], ylabel=plain[1])
    if is_map(names):
        axes.set_aspect(degree_ratio(axes.get_ylim()))

"""Streamlines of the velocity among cells."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from conservax._files import write_whole
from conservax.data import Cells, TimeAxis
from conservax.model import AbstractLawInUnits
from conservax.report._map import degree_ratio, is_map
from conservax.report._motion import Motion, motion
from conservax.report._time_labels import time_label

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

INK, FAINT = "#20242c", "#8a93a3"
COLOURS = "viridis"
_SIDE, _BANDWIDTH = 48, 1.2  # cells per side of the grid, and the bandwidth of the average in cells
_MAX_TICKS, _ROUND_TIMES = 12, 6
_MIN_MASS = 0.02  # of the mean mass around a cell, below which it is empty


def write_streamlines(
    model: AbstractLawInUnits,
    path: Path,
    *,
    t: Any = None,
    cells: Cells | None,
    embedding: str | None,
) -> Path:
    """Write streamlines of the velocity as a PNG; see `Model.streamlines`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    field = motion(model, t, cells, embedding)
    figure = Figure(figsize=(7.2, 6.0), layout="constrained", dpi=150)
    axes = figure.subplots()
    style_axes(axes, field.x, field.names)
    if t is None:
        colour_by_time(figure, axes, model.units.time, field)
    else:
        axes.plot(*field.x[::4].T, ".", color=FAINT, markersize=2, alpha=0.5, zorder=0)
        time = model.units.time
        axes.set_title(f"{time.name} {time_label(time, field.t[0])}", color=INK)
    draw_streamlines(axes, field, INK, widths=(0.5, 1.7), density=1.5)
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, out.getvalue())
    return path


def draw_streamlines(
    axes: "matplotlib.axes.Axes",
    field: Motion,
    colour: str,
    *,
    widths: tuple[float, float],
    density: float = 1.0,
) -> None:
    """Draw streamlines inside the limits of the axes, wider where the speed is larger."""
    x, y, velocity = averaged(field, np.array([axes.get_xlim(), axes.get_ylim()]))
    speed = np.hypot(*velocity).filled(0)
    if not speed.any():
        return
    thin, wide = widths
    width = thin if thin == wide else thin + (wide - thin) * speed / speed.max()
    axes.streamplot(x, y, *velocity, density=density, color=colour, linewidth=width, arrowsize=0.9)


def averaged(
    field: Motion, bounds: Float[np.ndarray, "2 2"]
) -> tuple[np.ndarray, np.ndarray, np.ma.MaskedArray]:
    """Average velocities on a grid with a Gaussian kernel; masked where points are few.

    **Returns:** the centres of the grid, and velocities of shape `(2, rows, columns)`.
    """
    from scipy.ndimage import gaussian_filter

    edges = [np.linspace(low, high, _SIDE + 1) for low, high in bounds]
    centres = [(edge[1:] + edge[:-1]) / 2 for edge in edges]

    def smoothed(weights: np.ndarray | None) -> np.ndarray:
        counts = np.histogram2d(*field.x.T, bins=(edges[0], edges[1]), weights=weights)[0].T
        return gaussian_filter(counts, _BANDWIDTH, mode="constant")

    mass = smoothed(None)
    typical = np.average(mass, weights=mass)
    empty = mass < max(_MIN_MASS * typical, np.finfo(float).tiny)
    total = np.stack([smoothed(component) for component in field.velocity.T])
    mean = np.divide(total, mass, out=np.zeros_like(total), where=~empty)
    return *centres, np.ma.array(mean, mask=np.stack([empty, empty]))


def colour_by_time(
    figure: "matplotlib.figure.Figure", axes: "matplotlib.axes.Axes", time: TimeAxis, field: Motion
) -> None:
    """Draw points in colours of their times, with a colour bar."""
    from matplotlib.colors import Normalize

    limits = Normalize(time.start, time.end)
    style = {"cmap": COLOURS, "norm": limits, "s": 5, "linewidths": 0, "alpha": 0.6, "zorder": 0}
    dots = axes.scatter(*field.x.T, c=field.t, rasterized=True, **style)
    bar = figure.colorbar(dots, ax=axes, shrink=0.6, label=time.name)
    bar.solids.set_alpha(1)  # type: ignore
    times = np.unique(field.t)
    ticks = times.tolist() if 1 < len(times) <= _MAX_TICKS else round_times(time)
    bar.set_ticks(ticks, labels=[time_label(time, tick) for tick in ticks])
    bar.outline.set_visible(False)  # type: ignore


def round_times(time: TimeAxis) -> list[float]:
    """A few round numbers, or round dates and hours, of the time range."""
    from matplotlib.dates import AutoDateLocator, num2date
    from matplotlib.ticker import MaxNLocator

    if time.kind == "number":
        ticks = MaxNLocator(_ROUND_TIMES).tick_values(time.start, time.end)
    else:
        ends = [datetime.fromtimestamp(end, UTC) for end in (time.start, time.end)]
        locator = AutoDateLocator(minticks=3, maxticks=_ROUND_TIMES)
        found = locator.tick_values(*ends)  # pyright: ignore (of dates, against its stubs)
        ticks = [round(num2date(tick).timestamp(), 3) for tick in found]
    return [float(tick) for tick in ticks if time.start <= tick <= time.end]


def style_axes(
    axes: "matplotlib.axes.Axes", shown: Float[np.ndarray, "points 2"], names: tuple[str, str]
) -> None:
    """Set limits around nearly all of the points, and the colours of a single picture."""
    set_limits(axes, shown, names)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=FAINT, labelsize=8)


def set_limits(
    axes: "matplotlib.axes.Axes", shown: Float[np.ndarray, "points 2"], names: tuple[str, str]
) -> None:
    """Set limits around nearly all of the points, and the names of the axes."""
    low, high = np.quantile(shown, (0.002, 0.998), axis=0)
    margin = 0.08 * np.maximum(high - low, 1e-9)
    axes.set(xlim=(low[0] - margin[0], high[0] + margin[0]))
    axes.set(ylim=(low[1] - margin[1], high[1] + margin[1]))
    plain = [name.replace("$", r"\$") for name in names]
    axes.set(xlabel=plain[0], ylabel=plain[1])
    if is_map(names):
        axes.set_aspect(degree_ratio(axes.get_ylim()))

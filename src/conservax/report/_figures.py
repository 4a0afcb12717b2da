"""Figures of the page as SVG in its colours: calibration, counts, learning curves, streamlines."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from conservax.report._motion import Motion
from conservax.report._streamlines import draw_streamlines, set_limits

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.backends.backend_svg
    import matplotlib.figure

_INK, _MUTED, _GRID, _BAND = "#010101", "#020202", "#030303", "#040404"
_SERIES = ("#010111", "#010112", "#010113", "#010114", "#010115", "#010116")
# Placeholders for variables of the page's style sheet, so that light and dark share one figure.
_COLOURS = {_INK: "--ink", _MUTED: "--muted", _GRID: "--line", _BAND: "--band"} | {
    colour: f"--series-{i + 1}" for i, colour in enumerate(_SERIES)
}
_MAX_NAMED = len(_SERIES)
_POINTS = 400  # drawn under streamlines


def calibration_figure(ranks: Float[np.ndarray, "rows dim"], columns: tuple[str, ...]) -> str:
    """Calibration: empirical CDF of the Rosenblatt ranks of every coordinate, minus the diagonal.

    The bands are exact for the largest deviation of one curve (Kolmogorov's distribution).
    """
    from scipy.stats import kstwo

    rows = len(ranks)

    def draw(figure: "matplotlib.figure.Figure") -> None:
        axes = _axes(figure, 1)[0]
        for level, alpha in ((0.99, 0.35), (0.95, 0.6)):
            width = float(kstwo.ppf(level, rows))
            axes.axhspan(-width, width, color=_BAND, alpha=alpha, linewidth=0, label=f"{level:.0%}")
        axes.axhline(0, color=_MUTED, linewidth=0.8)
        _deviations(axes, ranks, columns)
        axes.set(xlim=(0, 1), xlabel="F(x | earlier coordinates, t): rank under the model")
        axes.set_ylabel("fraction of rows below, minus expected")

    return _svg(draw, "calibration")


def counts_figure(groups: Mapping[str, Int[np.ndarray, " windows"]]) -> str:
    """Histograms of events per window, with the same bins."""
    everything = np.concatenate(list(groups.values()))
    edges = np.histogram_bin_edges(everything, min(30, int(np.ptp(everything)) + 1))

    def draw(figure: "matplotlib.figure.Figure") -> None:
        axes = _axes(figure, 1)[0]
        for colour, (name, counts) in zip(_SERIES, groups.items(), strict=False):
            fractions = np.histogram(counts, edges)[0] / max(len(counts), 1)
            axes.stairs(fractions, edges, color=colour, linewidth=1.6, label=name)
        axes.set(xlabel="events per window", ylabel="fraction of windows")
        _legend(axes)

    return _svg(draw, "counts")


def learning_figure(metrics: pd.DataFrame) -> str:
    """Learning curves: training and validation loss by step, and the terms of the objective."""
    terms = [name for name in metrics if name not in ("step", "train", "validation")]
    panels = [["train", "validation"], *([terms] if len(terms) > 1 else [])]

    def draw(figure: "matplotlib.figure.Figure") -> None:
        for axes, names in zip(_axes(figure, len(panels)), panels, strict=True):
            _curves(axes, metrics, names)
        figure.axes[0].set_ylabel("loss")
        if len(panels) > 1:
            figure.axes[1].set_ylabel("terms of the objective")

    return _svg(draw, "learning")


def streamline_figure(motions: Sequence[Motion], titles: Sequence[str]) -> str:
    """Streamlines of the velocity at a few times, over some of its points."""
    points = np.concatenate([motion.x for motion in motions])

    def draw(figure: "matplotlib.figure.Figure") -> None:
        for axes, motion, title in zip(_axes(figure, len(motions)), motions, titles, strict=True):
            axes.grid(visible=False)
            axes.plot(*motion.x[:_POINTS].T, ".", color=_MUTED, markersize=2.5, alpha=0.5)
            set_limits(axes, points, motion.names)
            draw_streamlines(axes, motion, _SERIES[0], widths=(1.0, 1.0))
            axes.set_title(title, color=_INK, size=10)

    return _svg(draw, "streamlines")


def _deviations(axes: "matplotlib.axes.Axes", ranks: np.ndarray, columns: tuple[str, ...]) -> None:
    """Step curve per coordinate; the legend names those that deviate most."""
    rows = len(ranks)
    ordered = np.sort(ranks, axis=0)
    above, below = (np.arange(rows)[:, None] + np.array([1, 0])).T / rows
    curves = []
    for values in ordered.T:
        x = np.concatenate(([0.0], np.repeat(values, 2), [1.0]))
        y = np.concatenate(([0.0], np.column_stack((below, above)).ravel(), [1.0])) - x
        curves.append((np.abs(y).max(), x, y))
    named = sorted(sorted(range(len(curves)), key=lambda i: -curves[i][0])[:_MAX_NAMED])
    for i, (_, x, y) in enumerate(curves):
        if i in named:
            colour = _SERIES[named.index(i)]
            axes.plot(x, y, color=colour, linewidth=1.6, label=_plain(columns[i]))
        else:
            axes.plot(x, y, color=_MUTED, linewidth=0.6, alpha=0.5)
    _legend(axes)


def _curves(axes: "matplotlib.axes.Axes", metrics: pd.DataFrame, names: list[str]) -> None:
    step = metrics["step"].to_numpy(float)
    for colour, name in zip(_SERIES, names, strict=False):
        values = metrics[name].to_numpy(float)
        known = np.isfinite(values)
        if known.any():
            axes.plot(
                step[known],
                values[known],
                color=colour,
                linewidth=1.6,
                label=_plain(name),
                marker="o" if known.sum() == 1 else None,
            )
    values = metrics[names].to_numpy(float)
    _scale(axes, step, values[np.isfinite(values)], values[len(values) // 20 :])
    axes.set_xlabel("step")
    _legend(axes)


def _scale(
    axes: "matplotlib.axes.Axes", step: np.ndarray, values: np.ndarray, late: np.ndarray
) -> None:
    """Set logarithmic axes for wide ranges; otherwise limits that may cut off the first steps."""
    if step.max() > 100 * max(step.min(), 1):
        axes.set_xscale("log")
    if len(values) and values.min() > 0 and values.max() > 50 * values.min():
        axes.set_yscale("log")
    elif np.isfinite(late).any():
        low, high = np.nanmin(values), np.nanmax(late[np.isfinite(late)])
        margin = 0.06 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + 2 * margin)


def _axes(figure: "matplotlib.figure.Figure", count: int) -> list["matplotlib.axes.Axes"]:
    panels = figure.subplots(1, count, squeeze=False)[0]
    for axes in panels:
        axes.set_facecolor("none")
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(_MUTED)
        axes.tick_params(which="both", colors=_MUTED, labelsize=9)
        axes.grid(color=_GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.xaxis.label.set(color=_INK, size=10)
        axes.yaxis.label.set(color=_INK, size=10)
    return list(panels)


def _legend(axes: "matplotlib.axes.Axes") -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            frameon=False,
            fontsize=9,
            labelcolor=_INK,
            ncols=8,
            borderaxespad=0,
            borderpad=0,
            loc="lower left",
            bbox_to_anchor=(0, 1.03),
        )


def _plain(name: str) -> str:
    """A name as plain text: no mathematics between dollars, and not hidden from the legend."""
    return name.replace("$", r"\$").removeprefix("_") or "(no name)"


def _svg(draw: Callable[["matplotlib.figure.Figure"], None], salt: str) -> str:
    # Text stays text, and identifiers differ between figures, which share one page.
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure = Figure(figsize=(10.6, 3.5), layout="constrained", facecolor="none")
        canvas = FigureCanvasSVG(figure)
        draw(figure)
        return _in_page_colours(_written(canvas))


def _written(canvas: "matplotlib.backends.backend_svg.FigureCanvasSVG") -> str:
    out = io.StringIO()
    canvas.print_svg(out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return out.getvalue()


def _in_page_colours(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    head, body = svg.split(">", 1)
    svg = re.sub(r' (?:width|height)="[^"]*"', "", head) + ">" + body
    svg = re.sub("'DejaVu Sans'[^;\"]*", "var(--sans)", svg)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # unused, and not unique on the page
    colours = rf": ({'|'.join(_COLOURS)})\b"
    return re.sub(colours, lambda found: f": var({_COLOURS[found[1]]})", svg)

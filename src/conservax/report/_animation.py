"""Animation of the population over time."""

import io
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from conservax._files import write_whole
from conservax.data import Cells, DataError
from conservax.model import AbstractLawInUnits
from conservax.report._motion import Plane, plane
from conservax.report._streamlines import FAINT, INK, style_axes
from conservax.report._time_labels import time_label

if TYPE_CHECKING:
    import PIL.Image

_FRAMES = 48
_TRAIL = 5  # frames in the trail of a particle
_NEAR = 0.04  # data this near in time are shown, as a fraction of the time range
_LAST = 1000  # milliseconds of the last frame


def write_animation(
    model: AbstractLawInUnits,
    path: Path,
    *,
    cells: Cells | None,
    embedding: str | None,
    particles: int,
    seconds: float,
) -> Path:
    """Write an animation of the population as a GIF; see `Model.animate`."""
    if particles < 1 or not 0 < seconds < float("inf"):
        raise DataError(f"expected particles and seconds; got {particles} and {seconds}.")
    view = plane(model, cells, embedding)
    times = model.units.time.from_unit(np.linspace(0, 1, _FRAMES))
    paths = _paths(model, times, particles)
    positions = np.stack([view.project(model, x) for x in paths])
    frames = _frames(model, view, times, positions)
    out = io.BytesIO()
    durations = [round(1000 * seconds / _FRAMES)] * (_FRAMES - 1) + [_LAST]
    options = {"append_images": frames[1:], "duration": durations, "loop": 0, "optimize": True}
    frames[0].save(out, "GIF", save_all=True, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, out.getvalue())
    return path


def _paths(
    model: AbstractLawInUnits, times: np.ndarray, count: int
) -> Float[np.ndarray, "frames count dim"]:
    """Positions of the same particles at every time."""
    columns = model.units.time.to_column(times)
    path = [model.sample(columns[0], count, seed=0)]
    for t0, t1 in itertools.pairwise(columns):
        path.append(model.transport(path[-1], t0, t1))
    return np.stack(path)


def _frames(
    model: AbstractLawInUnits, view: Plane, times: np.ndarray, positions: np.ndarray
) -> list["PIL.Image.Image"]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from PIL import Image

    axis = model.units.time
    figure = Figure(figsize=(6.0, 5.4), layout="constrained", dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    shown = np.concatenate([view.projected, positions[0], positions[-1]])
    style_axes(axes, shown, view.names)
    axes.plot(*view.projected.T, ".", color="#e3e7ee", markersize=2, zorder=0)
    label = "data near this time" if view.observed else None
    (data,) = axes.plot([], [], ".", color="#e07b39", markersize=3, label=label)
    (dots,) = axes.plot([], [], ".", color="#2a5caa", markersize=3.5, label="the model's particles")
    trails = LineCollection([], colors="#2a5caa", linewidths=0.5, alpha=0.35)
    axes.add_collection(trails)
    style = {"frameon": False, "fontsize": 8, "labelcolor": FAINT, "markerscale": 2.5, "ncols": 2}
    figure.legend(**style, loc="outside lower center")
    images = []
    for number, time in enumerate(times):
        near = view.observed & (np.abs(view.t - time) <= _NEAR * (axis.end - axis.start))
        data.set_data(*view.projected[near].T)
        dots.set_data(*positions[number].T)
        trail = positions[max(0, number - _TRAIL) : number + 1]
        trails.set_segments(list(trail.swapaxes(0, 1)))
        axes.set_title(f"{axis.name} {time_label(axis, time)}", color=INK)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
        images.append(picture.quantize(128, Image.Quantize.FASTOCTREE))
    return images

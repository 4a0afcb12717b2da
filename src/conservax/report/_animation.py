"""The population over time, as pictures that follow one another."""

import io
import itertools
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image

from conservax._files import write_whole
from conservax.data import Cells, DataError
from conservax.model import AbstractLawInUnits
from conservax.report._moments import moment
from conservax.report._motion import Plane, plane
from conservax.report._streamlines import FAINT, INK, dress

_FRAMES = 48
_TRAIL = 5  # frames that a particle leaves behind it
_NEAR = 0.04  # data this near in time are shown: a share of the time range
_LAST = 1000  # milliseconds that the last picture stays


def write_animation(
    model: AbstractLawInUnits,
    path: Path,
    *,
    cells: Cells | None,
    embedding: str | None,
    particles: int,
    seconds: float,
) -> Path:
    """See `Model.animate`."""
    if particles < 1 or not 0 < seconds < float("inf"):
        raise DataError(f"expected particles and seconds; got {particles} and {seconds}.")
    seen = plane(model, cells, embedding)
    times = model.units.time.from_unit(np.linspace(0, 1, _FRAMES))
    paths = _paths(model, times, particles)
    placed = np.stack([seen.place(model, x) for x in paths])
    frames = _frames(model, seen, times, placed)
    out = io.BytesIO()
    pause = [round(1000 * seconds / _FRAMES)] * (_FRAMES - 1) + [_LAST]
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], duration=pause, loop=0, optimize=True
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, out.getvalue())
    return path


def _paths(
    model: AbstractLawInUnits, times: np.ndarray, count: int
) -> Float[np.ndarray, "frames count dim"]:
    """The same particles at every time."""
    columns = model.units.time.to_column(times)
    path = [model.sample(columns[0], count, seed=0)]
    for before, after in itertools.pairwise(columns):
        path.append(model.transport(path[-1], before, after))
    return np.stack(path)


def _frames(
    model: AbstractLawInUnits, seen: Plane, times: np.ndarray, placed: np.ndarray
) -> list[Image.Image]:
    axis = model.units.time
    figure = Figure(figsize=(6.0, 5.4), layout="constrained", dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    dress(axes, np.concatenate([seen.seen, placed[0], placed[-1]]), seen.names)
    axes.plot(*seen.seen.T, ".", color="#e3e7ee", markersize=2, zorder=0)
    label = "data near this time" if seen.observed else None
    (data,) = axes.plot([], [], ".", color="#e07b39", markersize=3, label=label)
    (dots,) = axes.plot([], [], ".", color="#2a5caa", markersize=3.5, label="the model's particles")
    trails = LineCollection([], colors="#2a5caa", linewidths=0.5, alpha=0.35)
    axes.add_collection(trails)
    look = {"frameon": False, "fontsize": 8, "labelcolor": FAINT, "markerscale": 2.5, "ncols": 2}
    figure.legend(**look, loc="outside lower center")
    images = []
    for number, time in enumerate(times):
        near = seen.observed & (np.abs(seen.t - time) <= _NEAR * (axis.end - axis.start))
        data.set_data(*seen.seen[near].T)
        dots.set_data(*placed[number].T)
        behind = placed[max(0, number - _TRAIL) : number + 1]
        trails.set_segments(list(behind.swapaxes(0, 1)))
        axes.set_title(f"{axis.name} {moment(axis, time)}", color=INK)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
        images.append(picture.quantize(128, Image.Quantize.FASTOCTREE))
    return images

"""Data of the main picture: frames of density and velocity, as compact numbers for the page."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from conservax.data import TimeAxis
from conservax.model import AbstractLawInUnits
from conservax.report._map import drawn_lines, ground, is_map, widened, widened_sides
from conservax.report._time_labels import time_label

FRAMES = 40
_BATCH = 8  # frames evaluated in one call, always the same number of rows
_SIDE = 95  # cells per side of the plane; every fifth has an arrow
_STRIDE = 5
_POINTS_ON_LINE = 400
_MAX_PAIRED = 5
_BINS = 36
_DRAWS = 4000  # per frame
_MAX_POINTS = 20_000
_WINDOW = 0.025  # data this near in time are shown, as a fraction of the time range
_MAP_SHAPES, _SHAPES = (0.3, 5.0), (1.0, 2.1)  # narrowest and widest pictures of a plane
_ROOT = 4  # densities are stored as fourth roots, so that a byte spans nine decades

Bounds = Float[np.ndarray, "dim 2"]


def picture(model: AbstractLawInUnits, lines: Sequence[np.ndarray] = ()) -> dict[str, Any]:
    """Data to draw rho_t, its velocity and lines, ready for JSON."""
    axis = model.units.time
    unit_times = np.linspace(0.0, 1.0, FRAMES)
    times = axis.from_unit(unit_times)
    draw = {1: _line, 2: _plane}.get(model.units.dim, _pairs)
    bounds = _bounds(model, times)
    obstacles = obstacles_of(model)
    drawn = drawn_lines([*lines, *(obstacles or ())], bounds)
    return {
        "columns": list(model.units.columns[:_MAX_PAIRED]),
        "timeName": axis.name,
        "times": [time_label(axis, time) for time in times],
        "unitTimes": unit_times.tolist(),
        "bounds": bounds.tolist(),
        "degrees": is_map(model.units.columns),
        "lineName": "Lines of the map" if obstacles is None else "Obstacles",
        "lineLengths": [len(line) for line in drawn],
        "lines": _packed(np.concatenate([np.zeros((0, 2)), *drawn]), np.int16),
        "points": _points(model, bounds[:_MAX_PAIRED]),
        "colours": _packed(np.round(255 * _colour_map()[:, :3]), np.uint8),
        "root": _ROOT,
        **draw(model, times, bounds),
    }


def obstacles_of(model: AbstractLawInUnits) -> list[np.ndarray] | None:
    """Outlines of the obstacles of a plan, empty unless it has two coordinates; None for other models."""
    obstacles = model.settings.obstacles
    if obstacles is None:
        return None
    return [np.asarray(line, float) for line in obstacles] if model.units.dim == 2 else []


def _colour_map() -> Float[np.ndarray, "256 4"]:
    import matplotlib

    return matplotlib.colormaps["magma"](np.arange(256))


def _line(model: AbstractLawInUnits, times: np.ndarray, bounds: Bounds) -> dict[str, Any]:
    """Density and velocity curves over one coordinate."""
    x = np.linspace(bounds[0, 0], bounds[0, 1], _POINTS_ON_LINE)[:, None]
    density = np.exp(_frames(model.log_prob, model.units.time, times, x))
    velocity = _frames(model.velocity, model.units.time, times, x)[..., 0]
    return {
        "kind": "line",
        "count": _POINTS_ON_LINE,
        "density": _packed(density, np.float32),
        "velocity": _packed(velocity, np.float32),
        "velocityUnit": _per_time(model),
    }


def _plane(model: AbstractLawInUnits, times: np.ndarray, bounds: Bounds) -> dict[str, Any]:
    """Density on a grid of cells, and displacements at every fifth."""
    axis = model.units.time
    grid = np.stack(np.meshgrid(*(_centres(*side) for side in bounds)), axis=-1)
    coarse = grid[_STRIDE // 2 :: _STRIDE, _STRIDE // 2 :: _STRIDE]
    log_density = _frames(model.log_prob, axis, times, grid.reshape(-1, 2))
    velocity = _frames(model.velocity, axis, times, coarse.reshape(-1, 2))
    weights = np.exp(log_density.reshape(FRAMES, _SIDE, _SIDE))
    weights = weights[:, _STRIDE // 2 :: _STRIDE, _STRIDE // 2 :: _STRIDE].reshape(FRAMES, -1)
    span = _span(velocity / np.ptp(bounds, axis=1), weights, 1 / len(coarse), axis.scale)
    return {
        "kind": "plane",
        "side": _SIDE,
        "stride": _STRIDE,
        **_levels(np.exp(log_density)),
        "arrows": _packed(velocity * span, np.float32),
        "span": f"{span:g}{_plural(axis, span)}",
        "ratio": _ratio(bounds, model.units.columns, true=obstacles_of(model) is not None),
    }


def _ratio(bounds: Bounds, columns: tuple[str, ...], *, true: bool) -> float:
    """Width over height of the plane: true to scale for maps and plans, limited for others."""
    map_ = ground(bounds, columns)
    if map_ is None:
        shape = np.divide(*np.ptp(bounds, axis=1))
        return float(shape if true else np.clip(shape, *_SHAPES))
    (east, _), sides = map_
    return float(sides[0] / sides[1] if east == 0 else sides[1] / sides[0])


def _pairs(model: AbstractLawInUnits, times: np.ndarray, bounds: Bounds) -> dict[str, Any]:
    """Smoothed histograms of draws from the model, one per pair of the first few coordinates."""
    from scipy.ndimage import gaussian_filter

    draws = _draws(model, times, _DRAWS)[:, :, :_MAX_PAIRED]
    edges = [np.linspace(low, high, _BINS + 1) for low, high in bounds[:_MAX_PAIRED]]
    pairs = [(i, j) for i in range(len(edges)) for j in range(i)]
    planes = [
        [_histogram(frame[:, [i, j]], edges[i], edges[j]) for i, j in pairs] for frame in draws
    ]
    lines = [
        [np.histogram(frame[:, i], edge)[0] for i, edge in enumerate(edges)] for frame in draws
    ]
    planes, lines = np.array(planes), gaussian_filter(np.array(lines, float), (0, 0, 1))
    planes /= planes.max((0, 2, 3), keepdims=True)
    lines /= lines.max((0, 2), keepdims=True)
    return {
        "kind": "pairs",
        "side": _BINS,
        "pairs": pairs,
        "unshown": list(model.units.columns[_MAX_PAIRED:][:20]),
        "draws": _DRAWS,
        **_levels(planes),
        "marginals": _packed(lines, np.float32),
    }


def _histogram(points: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(np.histogram2d(points[:, 0], points[:, 1], (rows, columns))[0], 1.0)


def _frames(evaluate: Any, axis: TimeAxis, times: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Values at the points x at every time, a few frames per call; shape `(frames, rows, ...)`."""
    batches = []
    for start in range(0, len(times), _BATCH):
        t = axis.to_column(times[start : start + _BATCH])
        values = evaluate(np.repeat(t, len(x)), np.tile(x, (len(t), 1)))
        batches.append(values.reshape(len(t), len(x), *values.shape[1:]))
    return np.concatenate(batches)


def _draws(model: AbstractLawInUnits, times: np.ndarray, count: int) -> Float[np.ndarray, "..."]:
    """Draws from the model, shape `(times, count, dim)`."""
    t = np.repeat(model.units.time.to_column(times), count)
    return model.sample(t, len(t), seed=0).reshape(len(times), count, -1)


def _bounds(model: AbstractLawInUnits, times: np.ndarray) -> Bounds:
    """Box around nearly all of the data, or of draws where there are none."""
    if model.split is None:
        shown = _draws(model, times, 100).reshape(-1, model.units.dim)
    else:
        shown = np.concatenate([part.x for part in model.split])
    low, high = np.quantile(shown, (0.002, 0.998), axis=0)
    for line in obstacles_of(model) or ():  # entire, even if few paths are near
        low, high = np.minimum(low, line.min(0)), np.maximum(high, line.max(0))
    margin = 0.08 * np.maximum(high - low, 1e-9 * np.array(model.units.std))
    bounds = np.stack((low - margin, high + margin), axis=1)
    # Boxes of pairs are square.
    shapes = _MAP_SHAPES if len(bounds) == 2 else (1.0, 1.0)
    if obstacles_of(model) is not None and len(bounds) == 2:
        return widened_sides(bounds, *_MAP_SHAPES)
    return widened(bounds, model.units.columns[:_MAX_PAIRED], *shapes)


def _centres(low: float, high: float) -> np.ndarray:
    """Centres of the cells of a grid that fills the box."""
    return low + (np.arange(_SIDE) + 0.5) * (high - low) / _SIDE


def _span(speed: np.ndarray, weights: np.ndarray, cell: float, longest: float) -> float:
    """Round time in which the faster quarter of the population crosses the cell of an arrow."""
    lengths = np.hypot(speed[..., 0], speed[..., 1]).ravel()
    order = np.argsort(lengths)
    mass = np.cumsum(weights.ravel()[order])
    fast = lengths[order][np.searchsorted(mass, 0.75 * mass[-1])]
    span = min(cell / fast if fast > 0 else longest, longest)
    decade = 10.0 ** np.floor(np.log10(span))
    return float(f"{decade * max(step for step in (1, 2, 5) if step * decade <= span):.1g}")


def _points(model: AbstractLawInUnits, bounds: Bounds) -> dict[str, Any] | None:
    """Data inside the box, as fractions of it, and the window of time in which they are shown."""
    if model.split is None:
        return None
    axis, dim = model.units.time, len(bounds)
    t = np.concatenate([part.t for part in model.split])
    x = np.concatenate([part.x for part in model.split])[:, :dim]
    fraction = (x - bounds[:, 0]) / np.ptp(bounds, axis=1)
    inside = ((fraction >= 0) & (fraction <= 1)).all(1)
    kept = np.flatnonzero(inside)
    kept = np.random.default_rng(0).permutation(kept)[:_MAX_POINTS]
    window = _WINDOW * axis.scale
    return {
        "count": len(kept),
        "total": len(t),
        "outside": int((~inside).sum()),
        "window": _WINDOW,
        "windowLabel": f"{window:.2g}{_plural(axis, window)}",
        "t": _packed(np.round(65535 * np.clip(axis.to_unit(t[kept]), 0, 1)), np.uint16),
        "x": _packed(np.round(65535 * fraction[kept]), np.uint16),
    }


def _levels(density: np.ndarray) -> dict[str, Any]:
    """Densities as one byte each: 255 times the fourth root of their ratio to the largest."""
    largest = float(density.max())
    root = (density / largest) ** (1 / _ROOT)
    return {"largest": largest, "levels": _packed(np.round(255 * root), np.uint8)}


def _packed(values: np.ndarray, kind: Any) -> str:
    """Little-endian bytes in base64."""
    array = np.ascontiguousarray(values, np.dtype(kind).newbyteorder("<"))
    return base64.b64encode(array.tobytes()).decode()


def _plural(axis: TimeAxis, amount: float) -> str:
    return f" {axis.unit}{'s' * (amount != 1)}" if axis.unit else ""


def _per_time(model: AbstractLawInUnits) -> str:
    return f"per {model.units.time.unit or f'unit of {model.units.time.name}'}"

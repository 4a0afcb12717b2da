"""HTML report of a model: one page, written atomically."""

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from conservax._files import write_whole
from conservax.data import Table, Units
from conservax.density import AbstractAutoregressiveDensity
from conservax.model import AbstractLawInUnits
from conservax.report import _sections as sections
from conservax.report._example import example
from conservax.report._figures import calibration_figure, learning_figure, streamline_figure
from conservax.report._motion import motion
from conservax.report._page import page, read_part
from conservax.report._picture import FRAMES, obstacles_of, picture
from conservax.report._time_labels import time_label, time_range_label
from conservax.scoring import losses, scores_by_time
from conservax.scoring import scores as scores_of

_STREAMLINE_TIMES = 3
_WITHOUT_DATA = (
    '<p class="note">This needs held-out rows, and this model came without its data: load the run '
    "folder of the fit, or refit.</p>"
)


def write_report(
    model: AbstractLawInUnits, path: str | os.PathLike[str], *, lines: Sequence[np.ndarray] = ()
) -> Path:
    """Write an HTML report of a model, one page that opens offline.

    A file at `path` is replaced. `lines`, each of shape `(points, 2)` in the units of the columns,
    are drawn on the picture of two coordinates: coasts, walls, roads.

    **Returns:** the path.

    **Raises:** `DataError` for lines of another shape, or a model of other than two coordinates.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, _page(model, lines).encode())
    return path


def _page(model: AbstractLawInUnits, lines: Sequence[np.ndarray]) -> str:
    shown, check, rows = picture(model, lines), model.check(), _held_out(model)
    part, scores, times = "", (), ""
    if rows:
        part, row_losses = rows[0], losses(model, rows[1])
        scores = scores_of(model, rows[1], row_losses)
        times = sections.time_table(scores_by_time(model, rows[1], row_losses), part)
    columns, axis = _listed(model.units), model.units.time
    source = model.settings.source or columns
    table = sections.score_table(scores, part) + times if scores else _WITHOUT_DATA
    return page(
        title=f"{escape(columns)} over {escape(axis.name)} · conservax",
        heading=escape(source),
        lead=_lead(model.units),
        key_metrics=sections.key_metrics(model, scores, part, check),
        sections=(
            sections.section("density", "Density and velocity over time", _canvas(model, shown)),
            _streamlines(model),
            _data_section(model, "calibration", "Calibration", _calibration(model)),
            sections.section("training", "Training", _learning(model)),
            sections.check_section(check),
            _data_section(model, "scores", "Held-out likelihood", table),
            sections.section("python", "Use from Python", example(model)),
            sections.section("settings", "Settings", sections.settings_table(model.settings)),
        ),
        picture=shown,
    )


def _canvas(model: AbstractLawInUnits, shown: dict[str, Any]) -> str:
    """The picture that scripts draw, with its slider."""
    columns, axis = _listed(model.units), model.units.time
    return Template(read_part("picture.html")).substitute(
        lead=_picture_lead(shown),
        time_name=escape(axis.name),
        last_frame=FRAMES - 1,
        label=escape(f"Density of {columns} at the time chosen by the slider"),
        toggles=sections.toggles(shown),
    )


def _data_section(model: AbstractLawInUnits, name: str, heading: str, content: str) -> str:
    """A section about data; empty for a plan, which has none."""
    return "" if obstacles_of(model) is not None else sections.section(name, heading, content)


def _listed(units: Units) -> str:
    names = ", ".join(units.columns[:6])
    return names if units.dim <= 6 else f"{names} and {units.dim - 6} more"


def _lead(units: Units) -> str:
    axis = units.time
    return (
        f"Density and velocity of {escape(_listed(units))} over {escape(axis.name)}, "
        f"{escape(time_range_label(axis))}. The two satisfy "
        "the continuity equation: mass is conserved."
    )


def _picture_lead(shown: dict[str, Any]) -> str:
    if shown["kind"] == "line":
        return (
            "Density at the time chosen below, and under it the velocity "
            f"({escape(shown['velocityUnit'])}), where the density is not too small."
        )
    if shown["kind"] == "plane":
        return (
            "Colour is the density at the time chosen below. Arrows show how far the population "
            f"moves in {escape(shown['span'])}, and fade where the density is small."
        )
    unshown = f" Not shown: {escape(', '.join(shown['unshown']))}." * bool(shown["unshown"])
    return (
        "Every pair of coordinates, and the marginals on the diagonal, from "
        f"{shown['draws']} draws of the model at the time chosen below, smoothed over a cell. "
        "Colour is the density relative to the largest of each pair." + unshown
    )


def _streamlines(model: AbstractLawInUnits) -> str:
    """Section of streamlines at a few times; empty for a model of one coordinate."""
    if model.units.dim < 2:
        return ""
    axis = model.units.time
    times = axis.from_unit(np.linspace(0, 1, _STREAMLINE_TIMES))
    motions = [motion(model, time, None, None) for time in axis.to_column(times)]
    svg = streamline_figure(motions, [f"{axis.name} {time_label(axis, time)}" for time in times])
    names = escape(" and ".join(model.units.columns[:2]))
    averaged = ", averaged over the other coordinates" * (model.units.dim > 2)
    caption = (
        f"Streamlines of the velocity at {_STREAMLINE_TIMES} times, over {names}{averaged}. "
        "Dots are draws of the model; lines end where the density is small. Streamlines are of one "
        "time; particles do not stay on them."
    )
    content = sections.figure(svg, "Streamlines", caption)
    return sections.section("streamlines", "Streamlines", content)


def _calibration(model: AbstractLawInUnits) -> str:
    rows = _held_out(model)
    if rows is None:
        return _WITHOUT_DATA
    if not isinstance(model.law.density, AbstractAutoregressiveDensity):
        return sections.WITHOUT_CONDITIONALS
    name, table = rows
    caption = (
        f"Ranks of {len(table)} {name} rows under the model (probability integral transform). If the "
        "model is right, ranks are uniform, and a curve stays entirely inside the inner band in 95 "
        "of 100 data sets, inside the outer one in 99."
    )
    svg = calibration_figure(model.calibration(table), model.units.columns)
    return sections.figure(svg, "Calibration: rank distribution minus uniform", caption)


def _learning(model: AbstractLawInUnits) -> str:
    if not len(model.metrics):
        return '<p class="note">No training metrics.</p>'
    rows = "" if obstacles_of(model) is not None else ", on training and validation rows"
    caption = f"Loss by optimisation step{rows}."
    return sections.figure(learning_figure(model.metrics), "Learning curves", caption)


def _held_out(model: AbstractLawInUnits) -> tuple[str, Table] | None:
    return None if model.split is None else model.split.held_out()

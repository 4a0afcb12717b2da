"""One model, one page: gathers the parts and writes the file whole or not at all."""

import json
import os
from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from importlib.resources import files
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
from conservax.report._moments import moment, span_of
from conservax.report._motion import motion
from conservax.report._picture import FRAMES, obstacles_of, picture
from conservax.score import losses, scores_by_time
from conservax.score import scores as scores_of

_STREAMS = 3  # times at which streamlines are drawn
_WITHOUT_DATA = (
    '<p class="note">This needs rows that the model was not trained on, and this model came '
    "without its data: read it together with its split, or refit, to see it.</p>"
)


def write_report(
    model: AbstractLawInUnits, path: str | os.PathLike[str], *, lines: Sequence[np.ndarray] = ()
) -> Path:
    """Write one HTML page about a model. It loads nothing: it opens anywhere, offline.

    What is at `path` is replaced. `lines`, each of shape `(points, 2)` in the units of the columns,
    are drawn on the picture of two coordinates: coasts, walls, roads.

    **Returns:** the path.

    **Raises:** `DataError` for lines of another shape, or a model of other than two coordinates.
    """
    path = Path(path)
    page = _page(model, lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page.encode())
    return path


def _page(model: AbstractLawInUnits, lines: Sequence[np.ndarray]) -> str:
    shown, check, rows = picture(model, lines), model.check(), _held_out(model)
    judged, scores, times = "", (), ""
    if rows:
        judged, paid = rows[0], losses(model, rows[1])
        scores = scores_of(model, rows[1], paid)
        times = sections.time_table(scores_by_time(model, rows[1], paid), judged)
    columns, axis = _listed(model.units), model.units.time
    source = model.settings.source or columns
    return Template(_part("template.html")).substitute(
        title=f"{escape(columns)} over {escape(axis.name)} · conservax",
        heading=escape(source),
        lead=_lead(model.units),
        key=sections.key_figures(model, scores, judged, check),
        picture_lead=_picture_lead(shown),
        time_name=escape(axis.name),
        last_frame=FRAMES - 1,
        picture_label=escape(f"Density of {columns} at the time chosen by the slider"),
        toggles=sections.toggles(shown),
        streamlines=_streamlines(model),
        calibration=_of_data(model, "calibrated", "Is it calibrated?", _calibration(model)),
        learning=_learning(model),
        verdict=sections.verdict(check.passed),
        check=sections.check_table(check),
        scores=_of_data(
            model,
            "scored",
            "Held-out likelihood",
            sections.score_table(scores, judged) + times if scores else _WITHOUT_DATA,
        ),
        code=example(model),
        settings=sections.settings_table(model.settings),
        version=escape(version("conservax")),
        css=_part("page.css"),
        script="\n".join(map(_part, ("drawing.js", "pictures.js", "page.js"))),
        picture=_for_script(shown),
    )


def _of_data(model: AbstractLawInUnits, name: str, heading: str, content: str) -> str:
    """A section about data; none for a plan, which was never fitted to any."""
    return "" if obstacles_of(model) is not None else sections.section(name, heading, content)


def _part(name: str) -> str:
    return files("conservax.report").joinpath(name).read_text(encoding="utf-8")


def _for_script(value: Any) -> str:
    """JSON that no name inside it can break out of."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _listed(units: Units) -> str:
    names = ", ".join(units.columns[:6])
    return names if units.dim <= 6 else f"{names} and {units.dim - 6} more"


def _lead(units: Units) -> str:
    axis = units.time
    return (
        f"Density and velocity of {escape(_listed(units))} over {escape(axis.name)}, "
        f"{escape(span_of(axis))}. The two are tied "
        "by the continuity equation: what leaves one place arrives at another."
    )


def _picture_lead(shown: dict[str, Any]) -> str:
    if shown["kind"] == "line":
        return (
            "Density at the time chosen below, and under it the velocity that moves it "
            f"({escape(shown['velocityUnit'])}), where the density is not too thin to see."
        )
    if shown["kind"] == "plane":
        return (
            "Colour is the density at the time chosen below. Arrows show how far the population "
            f"moves in {escape(shown['span'])}, and fade where there is hardly anyone."
        )
    unshown = f" Not shown: {escape(', '.join(shown['unshown']))}." * bool(shown["unshown"])
    return (
        "Every pair of coordinates, and each by itself on the diagonal, from "
        f"{shown['draws']} draws of the model at the time chosen below, smoothed over a cell. "
        "Colour is the share of the highest density of each pair." + unshown
    )


def _streamlines(model: AbstractLawInUnits) -> str:
    """A section of a few times for a model of a plane or more; nothing for one of a line."""
    if model.units.dim < 2:
        return ""
    axis = model.units.time
    times = axis.from_unit(np.linspace(0, 1, _STREAMS))
    motions = [motion(model, time, None, None) for time in axis.to_column(times)]
    svg = streamline_figure(motions, [f"{axis.name} {moment(axis, time)}" for time in times])
    names = escape(" and ".join(model.units.columns[:2]))
    averaged = ", averaged over the other coordinates" * (model.units.dim > 2)
    caption = (
        f"Where the population goes at {_STREAMS} times, over {names}{averaged}. "
        "Dots are draws of the model; lines end where there is hardly anyone. They are of one "
        "moment: over time particles do not stay on them."
    )
    return sections.section("streams", "Streamlines", sections.still(svg, "Streamlines", caption))


def _calibration(model: AbstractLawInUnits) -> str:
    rows = _held_out(model)
    if rows is None:
        return _WITHOUT_DATA
    if not isinstance(model.law.density, AbstractAutoregressiveDensity):
        return sections.WITHOUT_CONDITIONALS
    name, table = rows
    caption = (
        f"The {len(table)} {name} rows, each ranked by the model among all points it could have "
        "been. If the model is right, ranks are uniform, and a curve stays entirely inside the "
        "inner band in 95 of 100 data sets, inside the outer one in 99."
    )
    svg = calibration_figure(model.calibration(table), model.units.columns)
    return sections.still(svg, "Calibration: rank distribution minus uniform", caption)


def _learning(model: AbstractLawInUnits) -> str:
    if not len(model.metrics):
        return '<p class="note">No history of training was recorded.</p>'
    rows = "" if obstacles_of(model) is not None else ", on training and validation rows"
    caption = f"Loss by optimisation step{rows}."
    return sections.still(learning_figure(model.metrics), "Learning curves", caption)


def _held_out(model: AbstractLawInUnits) -> tuple[str, Table] | None:
    return None if model.split is None else model.split.held_out()

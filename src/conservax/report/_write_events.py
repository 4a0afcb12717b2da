"""The page of a model of events: counts, rescaled times and places against held-out windows."""

import os
from html import escape
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

from conservax._files import write_whole
from conservax.check import CheckReport, dispersion, rescaled_ranks
from conservax.data import Events
from conservax.density import AbstractAutoregressiveDensity
from conservax.model import AbstractEventLawInUnits
from conservax.report import _sections as sections
from conservax.report._figures import calibration_figure, counts_figure, learning_figure
from conservax.score import EventScore, event_scores

SIMULATED = 500  # windows
_WITHOUT_DATA = (
    '<p class="note">This needs windows that the model was not trained on, and this model came '
    "without its data: open the run of the fit, or refit, to see it.</p>"
)
_CODE = """\
import conservax

model = conservax.load("model.conservax")

events = model.simulate(100, seed=0)  # whole windows
follow = model.next_event([{time}], [{place}], 1000)  # when and where the next one comes
"""


def write_event_report(model: AbstractEventLawInUnits, path: str | os.PathLike[str]) -> Path:
    """Write one HTML page about a model of events. It loads nothing: it opens anywhere, offline.

    What is at `path` is replaced.

    **Returns:** the path.
    """
    path = Path(path)
    page = _page(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page.encode())
    return path


def _page(model: AbstractEventLawInUnits) -> str:
    check = model.check()
    held_out = None if model.split is None else model.split.held_out()
    judged, events = held_out or ("", None)
    scores = () if events is None else event_scores(model, events)
    parts = [
        sections.section("counts", "How many events a window?", _counts(model, judged, events)),
        sections.section("times", "Do they come when they should?", _times(model, judged, events)),
        sections.section("places", "And where?", _places(model, judged, events)),
        sections.section("learned", "How it was learned", _learning(model)),
        sections.section(
            "checked", f"Checks {sections.verdict(check.passed)}", sections.check_table(check)
        ),
        sections.section("scored", "Held-out likelihood", _scores(scores, judged)),
        sections.section("used", "How to use this model from Python", _code(model)),
        sections.section("settings", "Settings", sections.settings_table(model.settings)),
    ]
    names, time = escape(", ".join(model.columns)), escape(model.units.time.name)
    read = lambda name: files("conservax.report").joinpath(name).read_text(encoding="utf-8")  # noqa: E731
    return Template(read("events.html")).substitute(
        title=f"Events of {names} · conservax",
        heading=escape(model.settings.source or names),
        lead=f"When and where the next event comes, in {names} over {time}, given the events so "
        f"far in windows of {_length(model)}.",
        key=_key(model, scores, judged, check),
        sections="\n\n".join(parts),
        version=escape(version("conservax")),
        css=read("page.css"),
    )


def _length(model: AbstractEventLawInUnits) -> str:
    unit = model.units.time.unit
    return f"{sections.number(model.window)} {escape(unit)}s" if unit else f"{model.window:g}"


def _key(
    model: AbstractEventLawInUnits, scores: tuple[EventScore, ...], judged: str, check: CheckReport
) -> str:
    passed = f"{sum(r.passed for r in check.results)} of {len(check.results)} passed"
    count = model.settings.windows
    windows = "" if count is None else f"in {count:,} windows"
    figures = [("Events", f"{model.settings.rows:,}", windows)]
    if scores:
        per = f"nats a {judged} event, times and places"
        figures.append(("Held-out NLL", sections.number(scores[0].joint), per))
    figures.append(("Check", sections.verdict(check.passed), passed))
    cells = (f"<div><dt>{a}</dt><dd>{b}<small>{c}</small></dd></div>" for a, b, c in figures)
    return f'<dl class="key">{"".join(cells)}</dl>'


def _counts(model: AbstractEventLawInUnits, judged: str, events: Events | None) -> str:
    simulated = model.simulate(SIMULATED)
    groups = {"simulated": simulated.counts}
    if model.split is not None:
        groups = {"training": model.split.train.counts} | groups
    if events is not None:
        groups = {judged: events.counts} | groups
    rows = [
        (
            name,
            str(len(counts)),
            sections.number(np.mean(counts)),
            sections.number(np.std(counts, ddof=1)) if len(counts) > 1 else "",
            sections.number(dispersion(counts), 3) if len(counts) > 1 else "",
        )
        for name, counts in groups.items()
    ]
    heads = ("Windows", "#Number", "#Mean", "#Standard deviation", "#Dispersion")
    caption = (
        "Events a window, as shares of windows. Dispersion is the variance over the mean: 1 for a "
        "Poisson process, more where events cluster, less where they keep a distance."
    )
    caption = " ".join(
        (caption, *(f"Of the simulated, {escape(note)}." for note in simulated.notes))
    )
    svg = counts_figure(groups)
    return sections.still(svg, "Events a window", caption) + sections.table(heads, rows)


def _times(model: AbstractEventLawInUnits, judged: str, events: Events | None) -> str:
    if events is None:
        return _WITHOUT_DATA
    ranks = rescaled_ranks(model.integrated_hazards(events))[:, None]
    caption = (
        f"The inter-event times of {events.sequences} {judged} windows on the clock of their own "
        "hazard, ranked under the exponential distribution of rate 1 that they have if the model "
        "is right (time rescaling). What the end of a window cuts short goes over into the next. "
        "A curve stays inside the inner band in 95 of 100 records, inside the outer one in 99."
    )
    return sections.still(calibration_figure(ranks, ("rescaled time",)), "Rescaled times", caption)


def _places(model: AbstractEventLawInUnits, judged: str, events: Events | None) -> str:
    if events is None:
        return _WITHOUT_DATA
    if not isinstance(model.law.law.density, AbstractAutoregressiveDensity):
        return sections.WITHOUT_CONDITIONALS
    caption = (
        f"The places of {len(events)} {judged} events, each ranked among all places it could have "
        "had given the events before it."
    )
    svg = calibration_figure(model.calibration(events), model.columns)
    return sections.still(svg, "Calibration of places", caption)


def _learning(model: AbstractEventLawInUnits) -> str:
    if not len(model.metrics):
        return '<p class="note">No history of training was recorded.</p>'
    caption = "Loss by optimisation step, on training and validation windows, in nats an event."
    return sections.still(learning_figure(model.metrics), "Learning curves", caption)


def _scores(scores: tuple[EventScore, ...], judged: str) -> str:
    if not scores:
        return _WITHOUT_DATA
    rows = (
        (
            f"{escape(score.name)}<small>{escape(score.detail)}</small>",
            sections.fixed(score.temporal),
            sections.fixed(score.spatial_raw),
            sections.fixed(score.joint),
            "" if score is scores[0] else score.comparison,
        )
        for score in scores
    )
    heads = ("Model", "#NLL of times", "#NLL of places", "#Both", "This model is")
    return (
        f"<p>Mean negative log-likelihood of the {judged} events, in nats an event and in the "
        "units of the data: lower is better; ± is the standard error of the difference, over "
        "windows.</p>" + sections.table(heads, rows)
    )


def _code(model: AbstractEventLawInUnits) -> str:
    place = ", ".join(f"{value:.4g}" for value in model.units.mean)
    code = _CODE.format(time=f"{model.window / 2:.4g}", place=f"[{place}]")
    return f'<div class="code"><pre><code>{escape(code)}</code></pre></div>'

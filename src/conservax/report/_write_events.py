"""HTML report of a point process: counts, rescaled times and locations of held-out windows."""

import os
from html import escape
from pathlib import Path

import numpy as np

from conservax._files import write_whole
from conservax.check import CheckReport, dispersion, rescaled_ranks
from conservax.data import Events
from conservax.density import AbstractAutoregressiveDensity
from conservax.model import AbstractEventLawInUnits
from conservax.report import _sections as sections
from conservax.report._figures import calibration_figure, counts_figure, learning_figure
from conservax.report._page import page
from conservax.scoring import EventScore, event_scores

SIMULATED = 500  # windows
_WITHOUT_DATA = (
    '<p class="note">This needs held-out windows, and this model came without its data: load the '
    "run folder of the fit, or refit.</p>"
)
_CODE = """\
import conservax

model = conservax.load("model.conservax")

events = model.simulate(100, seed=0)  # whole windows
following = model.next_event([{time}], [{location}], 1000)  # times and locations of the next event
"""


def write_event_report(model: AbstractEventLawInUnits, path: str | os.PathLike[str]) -> Path:
    """Write an HTML report of a point process, one page that opens offline.

    A file at `path` is replaced.

    **Returns:** the path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, _page(model).encode())
    return path


def _page(model: AbstractEventLawInUnits) -> str:
    check = model.check()
    held_out = None if model.split is None else model.split.held_out()
    part, events = held_out or ("", None)
    scores = () if events is None else event_scores(model, events)
    parts = [
        sections.section("counts", "Event counts per window", _counts(model, part, events)),
        sections.section("times", "Inter-event times", _times(model, part, events)),
        sections.section("locations", "Locations", _locations(model, part, events)),
        sections.section("training", "Training", _learning(model)),
        sections.check_section(check),
        sections.section("scores", "Held-out likelihood", _scores(scores, part)),
        sections.section("python", "Use from Python", _code(model)),
        sections.section("settings", "Settings", sections.settings_table(model.settings)),
    ]
    names, time = escape(", ".join(model.columns)), escape(model.units.time.name)
    return page(
        title=f"Events of {names} · conservax",
        heading=escape(model.settings.source or names),
        lead=f"Time and location of the next event, in {names} over {time}, given the past events "
        f"in windows of {_length(model)}.",
        key_metrics=_key_metrics(model, scores, part, check),
        sections=parts,
    )


def _length(model: AbstractEventLawInUnits) -> str:
    unit = model.units.time.unit
    return f"{sections.number(model.window)} {escape(unit)}s" if unit else f"{model.window:g}"


def _key_metrics(
    model: AbstractEventLawInUnits, scores: tuple[EventScore, ...], part: str, check: CheckReport
) -> str:
    passed = f"{sum(r.passed for r in check.results)} of {len(check.results)} passed"
    count = model.settings.windows
    windows = "" if count is None else f"in {count:,} windows"
    metrics = [("Events", f"{model.settings.rows:,}", windows)]
    if scores:
        unit = f"nats per {part} event, times and locations"
        metrics.append(("Held-out NLL", sections.number(scores[0].joint), unit))
    metrics.append(("Check", sections.verdict(check.passed), passed))
    return sections.metric_list(metrics)


def _counts(model: AbstractEventLawInUnits, part: str, events: Events | None) -> str:
    simulated = model.simulate(SIMULATED)
    groups = {"simulated": simulated.counts}
    if model.split is not None:
        groups = {"training": model.split.train.counts} | groups
    if events is not None:
        groups = {part: events.counts} | groups
    rows = [
        (
            name,
            str(len(counts)),
            sections.number(float(np.mean(counts))),
            sections.number(float(np.std(counts, ddof=1))) if len(counts) > 1 else "",
            sections.number(dispersion(counts), 3) if len(counts) > 1 else "",
        )
        for name, counts in groups.items()
    ]
    heads = ("Windows", "#Number", "#Mean", "#Standard deviation", "#Dispersion")
    caption = (
        "Events per window, as fractions of windows. Dispersion is the variance over the mean: 1 for a "
        "Poisson process, more where events cluster, less where they repel."
    )
    caption = " ".join((caption, *(f"Simulated: {escape(note)}." for note in simulated.notes)))
    svg = counts_figure(groups)
    return sections.figure(svg, "Events per window", caption) + sections.table(heads, rows)


def _times(model: AbstractEventLawInUnits, part: str, events: Events | None) -> str:
    if events is None:
        return _WITHOUT_DATA
    ranks = rescaled_ranks(model.integrated_hazards(events))[:, None]
    caption = (
        f"Inter-event times of {events.sequences} {part} windows, rescaled by their integrated hazard "
        "(time rescaling) and ranked under the exponential distribution of rate 1 that they have if "
        "the model is right. The hazard at the end of a window is added to the next. "
        "A curve stays inside the inner band in 95 of 100 records, inside the outer one in 99."
    )
    svg = calibration_figure(ranks, ("rescaled time",))
    return sections.figure(svg, "Rescaled times", caption)


def _locations(model: AbstractEventLawInUnits, part: str, events: Events | None) -> str:
    if events is None:
        return _WITHOUT_DATA
    if not isinstance(model.law.law.density, AbstractAutoregressiveDensity):
        return sections.WITHOUT_CONDITIONALS
    caption = (
        f"Ranks of the locations of {len(events)} {part} events under the model, given the past events "
        "(probability integral transform)."
    )
    svg = calibration_figure(model.calibration(events), model.columns)
    return sections.figure(svg, "Calibration of locations", caption)


def _learning(model: AbstractEventLawInUnits) -> str:
    if not len(model.metrics):
        return '<p class="note">No training metrics.</p>'
    caption = "Loss by optimisation step, on training and validation windows, in nats per event."
    return sections.figure(learning_figure(model.metrics), "Learning curves", caption)


def _scores(scores: tuple[EventScore, ...], part: str) -> str:
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
    heads = ("Model", "#NLL of times", "#NLL of locations", "#Both", "This model is")
    return (
        f"<p>Mean negative log-likelihood of the {part} events, in nats per event and in the "
        "units of the data: lower is better; ± is the standard error of the difference, over "
        "windows.</p>" + sections.table(heads, rows)
    )


def _code(model: AbstractEventLawInUnits) -> str:
    location = ", ".join(f"{value:.4g}" for value in model.units.mean)
    code = _CODE.format(time=f"{model.window / 2:.4g}", location=f"[{location}]")
    return f'<div class="code"><pre><code>{escape(code)}</code></pre></div>'

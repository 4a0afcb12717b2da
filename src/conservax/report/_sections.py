"""Sections of the page as HTML. Text of the user is escaped here."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from conservax.check import CheckReport, digits_apart
from conservax.model import AbstractLawInUnits, Settings, plain
from conservax.report._time_labels import time_range_label
from conservax.scoring import Score, TimeScore

WITHOUT_CONDITIONALS = (
    '<p class="note">This needs a density with conditional distributions in closed form, which this '
    "model does not have.</p>"
)
_HIDDEN = ("class", "obstacles", "checks")  # the last two are shown in the picture and the checks


def verdict(passed: bool) -> str:
    """PASS or FAIL, as a badge."""
    word = "PASS" if passed else "FAIL"
    return f'<span class="verdict {word.lower()}">{word}</span>'


def number(value: float, digits: int = 4) -> str:
    """A number in HTML, with a minus sign and a superscript power of ten."""
    text = f"{float(value):.{digits}g}"
    mantissa, _, power = text.partition("e")
    text = f"{mantissa} × 10<sup>{int(power)}</sup>" if power else mantissa
    return text.replace("-", "−")


def fixed(value: float) -> str:
    """A number to three decimals."""
    return f"{value:.3f}".replace("-", "−")


def key_metrics(
    model: AbstractLawInUnits, scores: tuple[Score, ...], part: str, check: CheckReport
) -> str:
    """Key metrics at the top of the page; `part` is the name of the held-out rows."""
    units, split = model.units, model.split
    axis = units.time
    metrics = [
        (
            "Coordinates",
            str(units.dim),
            escape(", ".join(units.columns[:6])) + "…" * (units.dim > 6),
        ),
        (
            f"Time range ({escape(axis.name)})",
            escape(time_range_label(axis)),
            f"{number(axis.scale)} {axis.unit}s" if axis.unit else "",
        ),
        (
            "Check",
            verdict(check.passed),
            f"{sum(r.passed for r in check.results)} of {len(check.results)} passed",
        ),
    ]
    if split is not None:
        parts = ", ".join(f"{len(rows)} {name}" for name, rows in split._asdict().items())
        available = sum(map(len, split))
        rows = model.settings.rows or available
        metrics.insert(0, ("Rows", f"{rows:,}", "a sample: " * (rows > available) + parts))
    if scores:
        unit = f"nats per {part} row, standardised"
        metrics.insert(-1, ("Held-out NLL", number(scores[0].standardised), unit))
    return metric_list(metrics)


def metric_list(metrics: Iterable[tuple[str, str, str]]) -> str:
    """List of metrics: name, value and note of each, in HTML."""
    cells = (f"<div><dt>{a}</dt><dd>{b}<small>{c}</small></dd></div>" for a, b, c in metrics)
    return f'<dl class="key">{"".join(cells)}</dl>'


def toggles(shown: dict[str, Any]) -> str:
    """Switches under the picture."""
    boxes = []
    if shown["kind"] != "pairs":
        span = f" (arrows: movement in {escape(shown['span'])})" if "span" in shown else ""
        boxes.append(_checkbox("motion", f"Velocity{span}"))
    if shown["points"] is not None:
        boxes.append(
            _checkbox("points", f'<span class="dot {shown["kind"]}"></span> Data near this time')
        )
    if shown["lineLengths"]:
        boxes.append(_checkbox("lines", shown["lineName"]))
    if shown["kind"] != "line":
        scales = (("root", "square root"), ("linear", "linear"), ("log", "logarithmic"))
        options = "".join(f'<option value="{value}">{text}</option>' for value, text in scales)
        boxes.append(
            f'<label for="scale">Colour scale <select id="scale">{options}</select></label>'
        )
    return "".join(boxes)


def figure(svg: str, label: str, caption: str) -> str:
    """A figure with its caption."""
    return (
        f'<figure class="still"><div role="img" aria-label="{escape(label)}">{svg}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def section(name: str, heading: str, content: str) -> str:
    """A section of the page."""
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{heading}</h2>\n{content}\n</section>'
    )


def check_section(check: CheckReport) -> str:
    """The section of the checks, with the verdict on all of them in its heading."""
    return section("checks", f"Checks {verdict(check.passed)}", _check_table(check))


def _check_table(check: CheckReport) -> str:
    """Table of the checks: value, limit and verdict of each; and what could not be checked."""
    rows = []
    for result in check.results:
        digits = digits_apart(result.value, result.limit)
        values = (number(value, digits) for value in (result.value, result.limit))
        name, detail = escape(result.name), escape(result.detail)
        rows.append((name, *values, verdict(result.passed), detail))
    notes = "".join(f'\n<p class="note">{escape(note)}</p>' for note in check.notes)
    return table(("Check", "#Value", "#Limit", "", "What it means"), rows) + notes


def _checkbox(name: str, text: str) -> str:
    return f'<label for="{name}"><input type="checkbox" id="{name}" checked> {text}</label>'


def score_table(scores: tuple[Score, ...], part: str) -> str:
    """Table of the scores of this model and the baselines on the held-out rows `part`."""
    best = min(score.raw for score in scores)
    rows = []
    for score in scores:
        ours = score is scores[0]
        mark = (lambda text: f'<b class="best">{text}</b>') if score.raw == best else str
        name = f"<b>{score.name}</b>" if ours else escape(score.name)
        rows.append(
            (
                name + (f"<small>{escape(score.detail)}</small>" if score.detail else ""),
                mark(fixed(score.standardised)),
                mark(fixed(score.raw)),
                "" if ours else score.comparison,
            )
        )
    reused = part == "validation"
    heads = ("Model", "#NLL, standardised", "#NLL, data units", "This model is")
    return (
        f"<p>Mean negative log-likelihood of the {part} rows, in nats per row: lower is better; ± is the standard error of the difference. "
        "All models were fitted to the same training rows and tuned on the same validation rows"
        + (", so that these values are optimistic: hold out test rows. " if reused else ". ")
        + "“No time” does not depend on the time of a row; “in time” is p(t, x) / p(t).</p>"
        + table(heads, rows)
    )


def time_table(times: Sequence[TimeScore], part: str) -> str:
    """Table of the scores of this model at each time, with the times left out of training marked."""
    if len(times) < 2 and not any(score.left_out for score in times):
        return ""
    rows = (
        (
            escape(score.time) + "<small>left out of training</small>" * score.left_out,
            str(score.rows),
            f"{fixed(score.standardised)} ± {fixed(score.error)}",
            fixed(score.raw),
            *map(fixed, score.baselines.values()),
        )
        for score in times
    )
    names = [f"#{escape(name)}, standardised" for name in times[0].baselines]
    heads = ("Time", "#Rows", "#NLL, standardised (± std. error)", "#NLL, data units", *names)
    between = (
        " At a time that was left out the normal is interpolated between its neighbours, or is that of "
        "the nearest one at the first or last time; the mixture is that of the nearest snapshot."
        if names and any(score.left_out for score in times)
        else ""
    )
    lead = f"<p>This model on the {part} rows of each time.{between}</p>"
    return lead + table(heads, rows)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Table of cells in HTML; a head that begins with # is that of a column of numbers."""
    heads = tuple(heads)
    opened = [' class="number">' if head.startswith("#") else ">" for head in heads]
    top = "".join(
        f"<th{o}{head.removeprefix('#')}</th>" for o, head in zip(opened, heads, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(f'<td{o}{cell}</td>' for o, cell in zip(opened, row, strict=True))}</tr>"
        for row in rows
    )
    inner = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table>{inner}</table></div>'


def settings_table(settings: Settings) -> str:
    """Table of the settings that are not empty; those of the model, training and hold-out by field."""
    if settings == Settings():
        return '<p class="note">No settings.</p>'
    rows = []
    for name, value in plain(settings).items():
        if name in _HIDDEN or value in (None, [], {}, ""):
            continue
        fields = value if isinstance(value, dict) and "class" in value else {name: value}
        rows += [
            (
                escape(field if field == name else f"{name}.{field}"),
                f"<code>{escape(json.dumps(content))}</code>",
            )
            for field, content in fields.items()
        ]
    return table(("Setting", "Value"), rows)

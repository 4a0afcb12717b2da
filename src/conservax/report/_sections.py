"""The parts of the page as HTML. Every text that is not ours is escaped here."""

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from conservax.check import CheckReport, digits_apart
from conservax.model import AbstractLawInUnits, Settings, plain
from conservax.report._moments import span_of
from conservax.score import Score, TimeScore

WITHOUT_CONDITIONALS = (
    '<p class="note">This needs a density with conditional distributions, and that of this model has '
    "none in closed form.</p>"
)
_SHOWN_ELSEWHERE = ("class", "obstacles", "checks")  # nowhere, in the picture, among the checks


def verdict(passed: bool) -> str:
    """PASS or FAIL, as a badge."""
    word = "PASS" if passed else "FAIL"
    return f'<span class="verdict {word.lower()}">{word}</span>'


def number(value: float, digits: int = 4) -> str:
    """A number as people write it, with a minus sign and a raised power of ten."""
    text = f"{float(value):.{digits}g}"
    mantissa, _, power = text.partition("e")
    text = f"{mantissa} × 10<sup>{int(power)}</sup>" if power else mantissa
    return text.replace("-", "−")


def fixed(value: float) -> str:
    """A number to three decimals."""
    return f"{value:.3f}".replace("-", "−")


def key_figures(
    model: AbstractLawInUnits, scores: tuple[Score, ...], judged: str, check: CheckReport
) -> str:
    """The few numbers at the top of the page."""
    units, split = model.units, model.split
    axis = units.time
    figures = [
        (
            "Coordinates",
            str(units.dim),
            escape(", ".join(units.columns[:6])) + "…" * (units.dim > 6),
        ),
        (
            f"Time range ({escape(axis.name)})",
            escape(span_of(axis)),
            f"{number(axis.scale)} {axis.unit}s" if axis.unit else "",
        ),
        (
            "Check",
            verdict(check.passed),
            f"{sum(r.passed for r in check.results)} of {len(check.results)} passed",
        ),
    ]
    if split is not None:
        parts = ", ".join(f"{len(part)} {name}" for name, part in split._asdict().items())
        held = sum(map(len, split))
        rows = model.settings.rows or held
        figures.insert(0, ("Rows", f"{rows:,}", "a sample: " * (rows > held) + parts))
    if scores:
        per = f"nats a {judged} row, standardised"
        figures.insert(-1, ("Held-out NLL", number(scores[0].standardised), per))
    cells = (f"<div><dt>{a}</dt><dd>{b}<small>{c}</small></dd></div>" for a, b, c in figures)
    return f'<dl class="key">{"".join(cells)}</dl>'


def toggles(shown: dict[str, Any]) -> str:
    """The switches under the picture."""
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


def still(svg: str, label: str, caption: str) -> str:
    """A picture that does not move, with what it shows."""
    return (
        f'<figure class="still"><div role="img" aria-label="{escape(label)}">{svg}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def section(name: str, heading: str, content: str) -> str:
    """A part of the page that only some models have."""
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{heading}</h2>\n{content}\n</section>'
    )


def check_table(check: CheckReport) -> str:
    """Every figure of the check, and its limit."""
    rows = []
    for result in check.results:
        digits = digits_apart(result.value, result.limit)
        figures = (number(figure, digits) for figure in (result.value, result.limit))
        name, detail = escape(result.name), escape(result.detail)
        rows.append((name, *figures, verdict(result.passed), detail))
    return table(("Check", "#Value", "#Limit", "", "What it means"), rows)


def _checkbox(name: str, text: str) -> str:
    return f'<label for="{name}"><input type="checkbox" id="{name}" checked> {text}</label>'


def score_table(scores: tuple[Score, ...], judged: str) -> str:
    """Our model and the baselines, the best of them marked."""
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
    reused = judged == "validation"
    heads = ("Model", "#NLL, standardised", "#NLL, data units", "This model is")
    return (
        f"<p>Mean negative log-likelihood of the {judged} rows, in nats a row: lower is better; ± is the standard error of the difference. "
        "All models were fitted to the same training rows and tuned on the same validation rows"
        + (", which flatters them all: set test rows aside for a fair figure. " if reused else ". ")
        + "“No time” does not see the time of a row; “in time” is p(t, x) / p(t).</p>"
        + table(heads, rows)
    )


def time_table(times: tuple[TimeScore, ...], judged: str) -> str:
    """Our model at each time, those it was not trained on marked."""
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
        " At a time that was left out the normal is interpolated between its neighbours, or at the "
        "first or last time that of the nearest one; the mixture is that of the nearest snapshot."
        if names and any(score.left_out for score in times)
        else ""
    )
    said = f"<p>This model on the {judged} rows of each time.{between}</p>"
    return said + table(heads, rows)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Cells that are HTML already; a head that begins with # stands over numbers."""
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
    """A row per setting that says something; those of the model, training and hold-out by field."""
    if settings == Settings():
        return '<p class="note">None were recorded.</p>'
    rows = []
    for name, value in plain(settings).items():
        if name in _SHOWN_ELSEWHERE or value in (None, [], {}, ""):
            continue
        fields = value if isinstance(value, dict) and "class" in value else {name: value}
        rows += [
            (
                escape(part if part == name else f"{name}.{part}"),
                f"<code>{escape(json.dumps(held))}</code>",
            )
            for part, held in fields.items()
        ]
    return table(("Setting", "Value"), rows)

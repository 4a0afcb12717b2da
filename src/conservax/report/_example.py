"""Python example for a model, with its own columns, times and points."""

from html import escape

import numpy as np

from conservax.data import TimeAxis
from conservax.model import AbstractLawInUnits
from conservax.report._map import is_map
from conservax.report._time_labels import coarse_time_label

_CODE = """\
import conservax
import numpy as np

model = conservax.load("model.conservax")

# One row per point, in the order of the columns: {columns}
x = np.array({points})

density = np.exp(model.log_prob({middle}, x))  # per {volume}
velocity = model.velocity({middle}, x)  # units of the columns {per}
draws = model.sample({middle}, 1000, seed=0)  # shape (1000, {dim})
moved = model.transport(x, {first}, {last})  # positions at the later time
"""


def example(model: AbstractLawInUnits) -> str:
    """Code block with a button that copies it."""
    units = model.units
    axis = units.time
    first, middle, last = (_literal(axis, u) for u in (0.25, 0.5, 0.75))
    code = _CODE.format(
        columns=", ".join(map(repr, units.columns)),
        points=_points(model),
        volume=_volume(units.columns),
        per=f"per {axis.unit}" if axis.unit else f"per unit of {_one_line(axis.name)}",
        dim=units.dim,
        first=first,
        middle=middle,
        last=last,
    )
    return (
        '<div class="code"><button type="button" id="copy">Copy</button>'
        f'<pre id="code"><code>{escape(code)}</code></pre></div>'
    )


def _volume(columns: tuple[str, ...]) -> str:
    """Unit of volume of the density, in words."""
    if is_map(columns):
        return "square degree"
    names = " × ".join(_one_line(name) for name in columns[:6])
    return f"unit of {names}" + " × …" * (len(columns) > 6)


def _points(model: AbstractLawInUnits) -> str:
    """Two points within the data, to about three digits of its standard deviation."""
    mean, std = np.array(model.units.mean), np.array(model.units.std)
    rows = []
    for row in (mean, mean + 0.5 * std):
        digits = (2 - np.floor(np.log10(std))).astype(int)
        rounded = [round(float(v), int(d)) for v, d in zip(row, digits, strict=True)]
        rows.append(f"[{', '.join(f'{value:.12g}' for value in rounded)}]")
    return f"[{', '.join(rows)}]"


def _literal(axis: TimeAxis, u: float) -> str:
    """A time as a Python literal: text for timestamps, else a number."""
    text = coarse_time_label(axis, float(axis.from_unit(u)))
    return repr(text) if axis.kind == "timestamp" else text


def _one_line(name: str) -> str:
    """A name on one line, for a comment."""
    return " ".join(name.split())

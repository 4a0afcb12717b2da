"""Python that uses the model at hand: its own columns, times and places."""

from html import escape

import numpy as np

from conservax.data import TimeAxis
from conservax.model import AbstractLawInUnits
from conservax.report._map import is_map
from conservax.report._moments import coarse

_CODE = """\
import conservax
import numpy as np

model = conservax.load("model.conservax")

# One row a point, in the order of the columns: {columns}
x = np.array({points})

density = np.exp(model.log_prob({middle}, x))  # per {volume}
velocity = model.velocity({middle}, x)  # units of the columns {per}
draws = model.sample({middle}, 1000, seed=0)  # shape (1000, {dim})
moved = model.transport(x, {first}, {last})  # where these points go
"""


def example(model: AbstractLawInUnits) -> str:
    """The code, and a button that copies it."""
    units = model.units
    axis = units.time
    first, middle, last = (_literal(axis, u) for u in (0.25, 0.5, 0.75))
    code = _CODE.format(
        columns=", ".join(map(repr, units.columns)),
        points=_places(model),
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
    """What the density is per, in words."""
    if is_map(columns):
        return "square degree"
    names = " × ".join(_one_line(name) for name in columns[:6])
    return f"unit of {names}" + " × …" * (len(columns) > 6)


def _places(model: AbstractLawInUnits) -> str:
    """Two points within the data, to about three digits of its spread."""
    mean, std = np.array(model.units.mean), np.array(model.units.std)
    rows = []
    for row in (mean, mean + 0.5 * std):
        digits = (2 - np.floor(np.log10(std))).astype(int)
        rounded = [round(float(v), int(d)) for v, d in zip(row, digits, strict=True)]
        rows.append(f"[{', '.join(f'{value:.12g}' for value in rounded)}]")
    return f"[{', '.join(rows)}]"


def _literal(axis: TimeAxis, u: float) -> str:
    """A time as Python reads it: text for timestamps, else a number."""
    text = coarse(axis, float(axis.from_unit(u)))
    return repr(text) if axis.kind == "timestamp" else text


def _one_line(name: str) -> str:
    """A name inside a comment must not end it."""
    return " ".join(name.split())

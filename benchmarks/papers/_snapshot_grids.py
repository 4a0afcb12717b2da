"""The tables of snapshots on a terminal: distances, moves, and published figures beside them."""

import math
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table as Grid

from benchmarks.papers._snapshot_sets import SNAPSHOT_SETS, SnapshotSet
from benchmarks.papers._snapshots import REAL
from conservax.check import FLOOR

_MOVED = ("displacement", "energy", "w2_squared_drawn")

Line = dict[str, Any]  # of a table, by its columns
Way = tuple[str, str]  # model, and how it gets its cells


def snapshot_grids(table: Sequence[Line], means: Sequence[Line]) -> Grid:
    """All tables, a data set after the other."""
    whole = Grid.grid()
    for data in dict.fromkeys(line["data"] for line in table):
        known = SNAPSHOT_SETS[data]
        lines = [line for line in table if line["data"] == data]
        mean = {(line["model"], line["way"]): line for line in means if line["data"] == data}
        for order in ("w2", "w1"):
            whole.add_row(_distances(known, order, lines, mean))
        if any(_is_carried(line) for line in lines):
            whole.add_row(_moves(known, lines, mean))
        if known.note:
            whole.add_row(f"[dim]{escape(known.note)}.[/]")
        whole.add_row("")
    return whole


def _distances(
    known: SnapshotSet, order: str, lines: Sequence[Line], means: dict[Way, Line]
) -> Grid:
    """W1 or W2 at every time, their mean, and what they are over the floor."""
    times = sorted({line["time"] for line in lines})
    heads = [f"t = {t:g}" for t in times]
    mean = "mean, t > 0" if 0 in times else "mean"
    grid = _grid(f"{known.title}: {order.upper()}", *heads, mean, "over the floor", "spread")
    for way, at in _by_way(lines).items():
        shown = {t: _pair(line, order) for t, line in at.items()}
        grid.add_row(
            _label(way, at),
            *(shown.get(t, "") for t in times),
            _pair(means[way], order),
            _percent(means[way][f"excess_{order}"]),
            _figure(means[way]["spread"], digits=2),
            style="bold" if way[1] == FLOOR else None,
        )
    for line in known.published:
        if line.quantity == order:
            figures = [_figure(*pair) for pair in line.figures()]
            at = dict(zip(line.times, figures, strict=False))
            whole = _figure(sum(line.values) / len(line.values)) if at else figures[0]
            grid.add_row(*_dim(f"{line.model}\npublished", *(at.get(t, "") for t in times), whole))
    return grid


def _moves(known: SnapshotSet, lines: Sequence[Line], means: dict[Way, Line]) -> Grid:
    """Displacement and energy of what was carried, beside the exact W2^2 of real cells."""
    carried = [line for line in lines if _is_carried(line)]
    times = sorted({line["time"] for line in carried})
    heads = [f"to t = {t:g}" for t in times]
    title = f"{known.title}: mean squared displacement; below energy, and W2² of as many draws"
    grid = _grid(title, *heads, "over W2²", "detour", "lost")
    for name, what in (("w2_squared", "test cells"), ("w2_squared_all", REAL)):
        least = {line["time"]: _figure(line[name], digits=2) for line in carried}
        grid.add_row(f"{what}\nexact W2²", *(least[t] for t in times), style="bold")
    for way, at in _by_way(carried).items():
        shown = {
            t: "\n".join(_figure(line[name], digits=2) for name in _MOVED) for t, line in at.items()
        }
        mean = means[way]
        percents = _percent(mean["moved"] - 1), _percent(mean["detour"])
        lost = _percent(mean["lost"], signed=False)
        grid.add_row(_label(way, at), *(shown.get(t, "") for t in times), *percents, lost)
    for line in known.published:
        if line.quantity == "displacement":
            figures = (_figure(*pair, digits=2) for pair in line.figures())
            at = dict(zip(line.times, figures, strict=True))
            grid.add_row(*_dim(f"{line.model}\npublished", *(at.get(t, "") for t in times)))
    return grid


def _by_way(lines: Sequence[Line]) -> dict[Way, dict[float, Line]]:
    """The lines of every model and way, by time."""
    result: dict[Way, dict[float, Line]] = {}
    for line in lines:
        result.setdefault((line["model"], line["way"]), {})[line["time"]] = line
    return result


def _is_carried(line: Line) -> bool:
    return not math.isnan(line["displacement"])


def _grid(title: str, *heads: str) -> Grid:
    """Figures stay whole on a narrow terminal: names give way."""
    grid = Grid("model", title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for head in heads:
        grid.add_column(head, justify="right", no_wrap=len(head) < len("over the floor"))
    return grid


def _label(way: Way, at: dict[float, Line]) -> str:
    """Model and way, and the mean sizes that are compared."""
    samples, cells = (sum(line[n] for line in at.values()) / len(at) for n in ("samples", "cells"))
    return escape(f"{way[0]}\n{way[1]}, {samples:.0f}\u00a0v\u00a0{cells:.0f}")


def _dim(*cells: str) -> list[str]:
    return [f"[dim]{escape(cell)}[/]" if cell else "" for cell in cells]


def _pair(line: Line, name: str) -> str:
    return _figure(line[name], line[f"{name}_deviation"])


def _figure(value: float, deviation: float = math.nan, *, digits: int = 3) -> str:
    """A figure, and its deviation in a line below."""
    if math.isnan(value):
        return ""
    if abs(value) >= 1e4:
        return f"{value:.1g}"
    below = "" if math.isnan(deviation) else f"\n±{deviation:.{digits}f}"
    return f"{value:.{digits}f}{below}"


def _percent(value: float, *, signed: bool = True) -> str:
    if math.isnan(value) or math.isinf(value):
        return "" if math.isnan(value) else "inf"
    sign = "+" if signed else ""
    # Adding zero turns -0.0 into 0.
    return (
        f"{round(100 * value, 1) + 0.0:{sign}.1f} %" if abs(value) < 100 else f"{value:.1g} times"
    )

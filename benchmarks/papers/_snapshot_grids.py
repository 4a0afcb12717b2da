"""Tables of snapshots on a terminal: distances, displacements, and published values."""

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
Method = tuple[str, str]  # model, and how it gets its cells


def snapshot_grids(table: Sequence[Line], means: Sequence[Line]) -> Grid:
    """All tables, one data set after the other."""
    whole = Grid.grid()
    for data in dict.fromkeys(line["data"] for line in table):
        known = SNAPSHOT_SETS[data]
        lines = [line for line in table if line["data"] == data]
        mean = {(line["model"], line["method"]): line for line in means if line["data"] == data}
        for order in ("w2", "w1"):
            whole.add_row(_distances(known, order, lines, mean))
        if any(_is_transported(line) for line in lines):
            whole.add_row(_moves(known, lines, mean))
        if known.note:
            whole.add_row(f"[dim]{escape(known.note)}.[/]")
        whole.add_row("")
    return whole


def _distances(
    known: SnapshotSet, order: str, lines: Sequence[Line], means: dict[Method, Line]
) -> Grid:
    """W1 or W2 at every time, their mean, and their excess over the floor."""
    times = sorted({line["time"] for line in lines})
    heads = [f"t = {t:g}" for t in times]
    mean = "mean, t > 0" if 0 in times else "mean"
    grid = _grid(f"{known.title}: {order.upper()}", *heads, mean, "over the floor", "spread")
    for method, at in _by_method(lines).items():
        shown = {t: _pair(line, order) for t, line in at.items()}
        grid.add_row(
            _label(method, at),
            *(shown.get(t, "") for t in times),
            _pair(means[method], order),
            _percent(means[method][f"excess_{order}"]),
            _number(means[method]["spread"], digits=2),
            style="bold" if method[1] == FLOOR else None,
        )
    for line in known.published:
        if line.quantity == order:
            numbers = [_number(*pair) for pair in line.pairs()]
            at = dict(zip(line.times, numbers, strict=False))
            whole = _number(sum(line.values) / len(line.values)) if at else numbers[0]
            grid.add_row(*_dim(f"{line.model}\npublished", *(at.get(t, "") for t in times), whole))
    return grid


def _moves(known: SnapshotSet, lines: Sequence[Line], means: dict[Method, Line]) -> Grid:
    """Displacement and energy of transported cells, beside the exact W2^2 of real cells."""
    transported = [line for line in lines if _is_transported(line)]
    times = sorted({line["time"] for line in transported})
    heads = [f"to t = {t:g}" for t in times]
    title = f"{known.title}: mean squared displacement; below energy, and W2² of as many draws"
    grid = _grid(title, *heads, "over W2²", "detour", "failed")
    for name, what in (("w2_squared", "test cells"), ("w2_squared_all", REAL)):
        least = {line["time"]: _number(line[name], digits=2) for line in transported}
        grid.add_row(f"{what}\nexact W2²", *(least[t] for t in times), style="bold")
    for method, at in _by_method(transported).items():
        shown = {
            t: "\n".join(_number(line[name], digits=2) for name in _MOVED) for t, line in at.items()
        }
        mean = means[method]
        percents = _percent(mean["moved"] - 1), _percent(mean["detour"])
        failed = _percent(mean["failed"], signed=False)
        grid.add_row(_label(method, at), *(shown.get(t, "") for t in times), *percents, failed)
    for line in known.published:
        if line.quantity == "displacement":
            numbers = (_number(*pair, digits=2) for pair in line.pairs())
            at = dict(zip(line.times, numbers, strict=True))
            grid.add_row(*_dim(f"{line.model}\npublished", *(at.get(t, "") for t in times)))
    return grid


def _by_method(lines: Sequence[Line]) -> dict[Method, dict[float, Line]]:
    """Lines of every model and method, by time."""
    result: dict[Method, dict[float, Line]] = {}
    for line in lines:
        result.setdefault((line["model"], line["method"]), {})[line["time"]] = line
    return result


def _is_transported(line: Line) -> bool:
    return not math.isnan(line["displacement"])


def _grid(title: str, *heads: str) -> Grid:
    """Empty grid in which numbers stay whole on a narrow terminal, and names wrap."""
    grid = Grid("model", title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for head in heads:
        grid.add_column(head, justify="right", no_wrap=len(head) < len("over the floor"))
    return grid


def _label(method: Method, at: dict[float, Line]) -> str:
    """Model and method, and the mean sizes that are compared."""
    samples, cells = (sum(line[n] for line in at.values()) / len(at) for n in ("samples", "cells"))
    return escape(f"{method[0]}\n{method[1]}, {samples:.0f}\u00a0v\u00a0{cells:.0f}")


def _dim(*cells: str) -> list[str]:
    return [f"[dim]{escape(cell)}[/]" if cell else "" for cell in cells]


def _pair(line: Line, name: str) -> str:
    return _number(line[name], line[f"{name}_deviation"])


def _number(value: float, deviation: float = math.nan, *, digits: int = 3) -> str:
    """A number, and its deviation in a line below."""
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

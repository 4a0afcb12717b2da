"""A progress bar on standard error: loss, validation, time left."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from conservax.train._history import ChunkReport


class ProgressBar:
    """Shows one bar while training; silent where `visible` is false."""

    def __init__(self, total: int, *, visible: bool = True):
        self._bar = Progress(
            TextColumn("fitting"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:>6.0f}/{task.total:.0f} steps"),
            TextColumn("{task.fields[loss]}"),
            TextColumn("left"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            disable=not visible,
        )
        self._task = self._bar.add_task("fit", total=total, loss="compiling")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, report: ChunkReport) -> None:
        """Move on to the end of a chunk."""
        loss = f"loss {report.train:.4f}"
        if report.validation is not None:
            loss += f"  validation {report.validation:.4f}"
        self._bar.update(self._task, completed=report.step, loss=loss)

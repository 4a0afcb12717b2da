"""Progress on standard error: a bar on a terminal, plain lines in a log or a notebook."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from conservax.train._metrics import ChunkReport
from conservax.train._train import Trained

LINES, MAX_GAP = 10, 60.0  # lines per fit, and seconds after which there is one more


class ProgressBar:
    """Progress of training, and its losses; silent where `visible` is false.

    A bar moves on terminals alone. Elsewhere it would be lost, or fill a log: there is a plain line
    at each tenth of the steps, and one per minute if that is more often. A saved notebook keeps them.
    """

    def __init__(
        self, total: int, *, visible: bool = True, clock: Callable[[], float] = time.monotonic
    ):
        notebook = Console().is_jupyter
        self._console = Console(stderr=True, force_jupyter=False, highlight=False)
        self._total, self._clock, self._visible = total, clock, visible
        self._lines = visible and (notebook or not self._console.is_terminal)
        self._logged, self._next = self._clock(), 0.0
        self._first: tuple[int, float] | None = None  # step and time once all is compiled
        self._bar = Progress(
            TextColumn("fitting"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:>6.0f}/{task.total:.0f} steps"),
            TextColumn("{task.fields[loss]}"),
            TextColumn("left"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            disable=self._lines or not visible,
        )
        self._task = self._bar.add_task("fit", total=total, loss="compiling")

    def __enter__(self) -> Self:
        self._bar.start()
        if self._lines:
            self._log(f"fitting: {self._total} steps; the first wait for the compiler")
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
        now = self._clock()
        left = self._left(report.step, now)
        due = report.step >= self._next or report.step >= self._total
        if self._lines and (due or now - self._logged >= MAX_GAP):
            self._log(f"fitting: step {report.step} of {self._total}  {loss}{left}")
            tenths = report.step * LINES // self._total
            self._next, self._logged = (tenths + 1) * self._total / LINES, now

    def end(self, trained: Trained) -> None:
        """Log why training ended before its last step, if it did, and which step is kept."""
        self._bar.stop()
        if self._visible and trained.stopped_early:
            self._log(f"stopped early at step {trained.steps}: {early_stop(trained)}")

    def _left(self, step: int, now: float) -> str:
        """The time left at the pace since the end of the first chunk, which had to be compiled."""
        if self._first is None:
            self._first = step, now
        first, began = self._first
        if step <= first or step >= self._total:
            return ""
        seconds = (self._total - step) * (now - began) / (step - first)
        return f"  {seconds:.0f} s left" if seconds < 120 else f"  {seconds / 60:.0f} min left"

    def _log(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


def early_stop(trained: Trained) -> str:
    """Reason of an early stop, in words."""
    since = trained.steps - trained.best_step
    return (
        f"no better on the validation rows for {since} steps; best at step {trained.best_step}, "
        "which is kept"
    )

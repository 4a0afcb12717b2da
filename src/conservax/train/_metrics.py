"""Training metrics per chunk, in memory and in `metrics.csv`."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from conservax._files import write_whole
from conservax.objective import Sum
from conservax.train._chunk import ChunkMetrics


@dataclass(frozen=True)
class ChunkReport:
    """One ensemble member at the end of one chunk."""

    member: int
    step: int
    train: float
    validation: float | None
    parts: dict[str, float]

    def row(self) -> dict[str, float | int | None]:
        """Row of the metrics table."""
        return {
            "member": self.member,
            "step": self.step,
            "train": self.train,
            "validation": self.validation,
            **self.parts,
        }


def reports_of(
    step: int, metrics: ChunkMetrics, held_out: Float[np.ndarray, " members"]
) -> list[ChunkReport]:
    """One report per ensemble member, from metrics and objectives on validation rows (or NaN) on the host."""
    reports = []
    for member in range(len(metrics.train)):
        validation = float(held_out[member])
        reports.append(
            ChunkReport(
                member=member,
                step=step,
                train=float(metrics.train[member]),
                validation=None if np.isnan(validation) else validation,
                parts={name: float(values[member]) for name, values in metrics.parts.items()},
            )
        )
    return reports


class Metrics:
    """Rows of `metrics.csv`; without a path, in memory only."""

    def __init__(self, objectives: list[Sum], path: Path | None = None):
        names = dict.fromkeys(term.name for total in objectives for _, term in total.terms)
        self.columns = ["member", "step", "train", "validation", *names]
        self.rows: list[dict] = []
        self._path = path

    def forget_after(self, step: int) -> None:
        """On resuming, keep only rows up to the checkpoint."""
        if self._path is None or not self._path.exists():
            return
        with self._path.open(newline="") as file:
            for row in csv.DictReader(file):
                numbers = {name: float(text) for name, text in row.items() if text}
                if numbers["step"] <= step:
                    whole = {name: int(numbers[name]) for name in ("member", "step")}
                    self.rows.append(dict.fromkeys(self.columns) | numbers | whole)
        self._write()

    def add(self, reports: list[ChunkReport]) -> None:
        """Log the end of a chunk."""
        self.rows += [report.row() for report in reports]
        self._write()

    def frame(self) -> pd.DataFrame:
        """All rows as a table."""
        return pd.DataFrame(self.rows, columns=pd.Index(self.columns))

    def _write(self) -> None:
        if self._path is None:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_whole(self._path, text.getvalue().encode())

"""Settings of a trained model: what was requested, and the outcome of training, as a file holds them."""

from dataclasses import dataclass, field
from typing import Any

from conservax.check import CheckResult
from conservax.data import AbstractReader, HoldOut
from conservax.models import AbstractModelSpec, PointProcess
from conservax.train import Training


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Outcome of training.

    **Attributes:**

    - `steps`: that were made; `stopped_early` if they are fewer than requested.
    - `best_step`, `best_member`: of the parameters that were kept.
    """

    steps: int
    stopped_early: bool
    best_step: int
    best_member: int


@dataclass(frozen=True, kw_only=True)
class StreamSource:
    """A file whose rows are streamed, so that a resumed run finds them again."""

    path: str
    time: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a trained model: what was requested, and the outcome of training.

    **Attributes:**

    - `model`, `training`, `holdout`, `seed`: arguments of `fit`; `training` with what was chosen
      for it, such as the input noise. None for laws that were not fitted to rows.
    - `objective`: in words. `own`: parts that files do not hold, since they are code: "objective",
      "optimiser".
    - `source`, `rows`, `windows`, `longest_window`, `notes`: the data, their number, and the
      notes of their reader.
    - `reader`: reader of other sources in the same way, where that is not `read_table`.
    - `stream`: the file, if rows were streamed.
    - `left_out`, `fitted`: times whose rows are all held out, and then the first and last time that
      was trained on, as the time axis counts.
    - `equal_snapshots`: whether rows were weighted so that each time counts the same.
    - `outcome`: None before training.
    - `checks`, `obstacles`, `plan`: of plans: checks made with them, closed lines around
      obstacles, and how they were solved.
    """

    model: AbstractModelSpec | PointProcess | None = None
    training: Training | None = None
    holdout: HoldOut | None = None
    seed: int = 0
    objective: str = ""
    own: tuple[str, ...] = ()
    source: str = ""
    rows: int = 0
    windows: int | None = None
    longest_window: int | None = None
    notes: tuple[str, ...] = ()
    reader: AbstractReader | None = None
    stream: StreamSource | None = None
    left_out: tuple[float, ...] = ()
    fitted: tuple[float, float] | None = None
    equal_snapshots: bool = False
    outcome: Outcome | None = None
    checks: tuple[CheckResult, ...] = ()
    obstacles: tuple[tuple[tuple[float, float], ...], ...] | None = None
    plan: dict[str, Any] = field(default_factory=dict)

"""Metrics of a model on one snapshot."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

_NONE = math.nan


@dataclass(frozen=True)
class SnapshotMetric:
    """Distances of a sample of cells from the test cells of a time, on average over repeats.

    Distances are exact, in units of `scale`; deviations are over repeats, NaN for one.

    **Attributes:**

    - `time`, `start`: of the test cells, and of the cells that were transported there.
    - `method`: "direct" for draws of the model, the name of a transport method, or a reference to
      compare with: "real cells (floor)", "other real cells" that are not test cells against the
      test cells, the "previous snapshot" as it stands, the "random coupling" with it.
    - `samples`, `cells`: how many were compared with how many test cells.
    - `floor_w1`, `floor_w2`: the floor of these sizes; NaN where there are too few real cells.
    - `excess_w1`, `excess_w2`: distance / floor - 1.
    - `spread`: mean squared distance of the sample from its mean, over that of the test cells.
      Below 1 the distances flatter.
    - `displacement`: mean squared displacement of the transported cells, E |dx|^2.
    - `least`: exact W2^2 from the cells to where they were transported: no map to the same positions
      moves them by less.
    - `failed`: fraction of the cells whose path failed (the solver gave up), or that went farther than
      any test cell is from any other. With a cell that is nowhere all distances are infinite.
    - `energy`: length of the interval times the integral of E |velocity|^2 over it, over draws of
      the model; `energy_error` is its standard error. At least the displacement of its draws.
    - `w2_squared`: exact, between the test cells of both times. A map from one population to the
      other moves cells by no less than the W2^2 of the populations; that of samples is larger than
      it, the more so the smaller they are. `w2_squared_all` is that of all real cells of both times,
      and nearer; `w2_squared_drawn` is that of independent draws of the model, as many as test
      cells: it is to be near to `w2_squared`, and its excess over the displacement tells how much
      the samples alone make of it.
    """

    time: float
    method: str
    samples: int
    cells: int
    start: float = _NONE
    repeats: int = 1
    w1: float = _NONE
    w1_deviation: float = _NONE
    w2: float = _NONE
    w2_deviation: float = _NONE
    floor_w1: float = _NONE
    floor_w2: float = _NONE
    excess_w1: float = _NONE
    excess_w2: float = _NONE
    spread: float = _NONE
    displacement: float = _NONE
    least: float = _NONE
    failed: float = _NONE
    energy: float = _NONE
    energy_error: float = _NONE
    w2_squared: float = _NONE
    w2_squared_all: float = _NONE
    w2_squared_drawn: float = _NONE


def frame_of_metrics(metrics: Sequence[SnapshotMetric]) -> pd.DataFrame:
    """Data frame with a row per metric."""
    return pd.DataFrame([asdict(metric) for metric in metrics])

"""Claim: our law is as good as a trained CNF after at most a twentieth of the CNF's training time.

The baseline is the time-varying flow of table 1, trained through an ODE solver (Diffrax); ours are
the kernel mixture of table 1, trained without simulation. One process trains both, one after the other,
on the same events in the same units, and notes the validation likelihood at every chunk of steps.
Ours then is evaluated on the test events at the first chunk at which its validation likelihood is at
least as good as the CNF's last one, and at later ones until its test likelihood is as good as well.

Time is reported twice: seconds on the clock, and seconds of processor time, which neighbours on a
shared machine disturb less. Both count compilation; both are reported without it too.

    python -m benchmarks time_to_quality [--rows pinwheel] [--quick] [--json]
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import matplotlib as mpl
import numpy as np
import pandas as pd

from benchmarks.claim import Claim, Findings, Option, benchmark, log
from benchmarks.papers._event_models import BATCH_SIZE, FLOW, KERNEL_MIXTURES, kernel_mixture
from benchmarks.papers._event_sets import EVENT_SETS
from benchmarks.papers._fit_flow import EventRows, event_rows, fit_flow, flow_nll, rows_of
from conservax.data import DataError, EventSplit
from conservax.fitting import Model
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import NegativeLogLikelihood
from conservax.scoring import scores
from conservax.train import ChunkReport, Stage, Trained, Training, cosine_adam, train

LIMIT = 1 / 20
CHUNK = 20
OUR_STEPS = 600  # begun at the clusters of the data, it needs few
PICTURE = Path(__file__).parent / "results" / "time_to_quality.png"


class Moment(NamedTuple):
    """Seconds since a start, on the clock and of the processor."""

    clock: float
    processor: float

    @classmethod
    def now(cls) -> "Moment":
        """Current moment, of meaning in differences alone."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, start: "Moment") -> "Moment":
        """The time between."""
        return Moment(*(a - b for a, b in zip(self, start, strict=True)))


@dataclass
class Curve:
    """Validation likelihood against time since the start; called at the end of every chunk."""

    start: Moment = field(default_factory=Moment.now)
    points: list[tuple[int, float, Moment]] = field(default_factory=list)

    def __call__(self, report: ChunkReport) -> None:
        """Note the end of a chunk."""
        assert report.validation is not None
        moment = Moment.now().since(self.start)
        self.points.append((report.step, report.validation, moment))
        progress = f"step {report.step}, {moment.clock:.0f} s: validation {report.validation:.4f}"
        log(progress)

    def compilation(self) -> Moment:
        """Time of compilation: that of the first chunk beyond the second, start-up included.

        Not beyond the median: a flow that grows sharp takes more solver steps per chunk later on.
        """
        first, second = (moment for *_, moment in self.points[:2])
        return first.since(second.since(first))

    def frame(self, model: str) -> pd.DataFrame:
        """Curve as a table, one row per chunk."""
        rows = [(model, step, *moment, nll) for step, nll, moment in self.points]
        return pd.DataFrame(
            rows, columns=["model", "step", "seconds", "processor_seconds", "validation"]
        )


def fit_ours(
    name: str, split: EventSplit, rows: EventRows, steps: int, upto: int, on_chunk: Any
) -> Trained:
    """Our density with its settings of table 1, the first `upto` steps of a run of `steps`."""
    key = jax.random.key(0)
    return train(
        ConservationLaw(kernel_mixture(name, split, 0)(key), KnotheRosenblatt()),
        rows.train,
        [Stage(upto, NegativeLogLikelihood())],
        key=key,
        validation=rows.validation,
        training=Training(
            batch_size=BATCH_SIZE,
            optimiser=cosine_adam(KERNEL_MIXTURES[name].learning_rate, steps),
            chunk=CHUNK,
        ),
        on_chunk=on_chunk,
    )


def nll_of(law: ConservationLaw, split: EventSplit, rows: EventRows) -> float:
    """Negative log-likelihood of the test events, nats per event in standardised units."""
    model = Model(law, rows.units)
    return scores(model, split.test.table())[0].standardised


def measure(name: str, quick: bool) -> tuple[dict[str, Any], pd.DataFrame]:
    split = EVENT_SETS[name].load(0)
    rows = event_rows(split)
    test = rows_of(split.test, rows.units)

    theirs = Curve()
    flow = fit_flow(rows, seed=0, quick=quick, on_chunk=theirs).law
    goal = {"validation": flow_nll(flow, rows.validation), "test": flow_nll(flow, test)}

    steps = 300 if quick else OUR_STEPS
    ours = Curve()
    last = fit_ours(name, split, rows, steps, steps, ours).law
    reached = None
    for step, nll, moment in ours.points:
        if nll > goal["validation"]:
            continue
        law = fit_ours(name, split, rows, steps, step, None).law
        if (reached_test := nll_of(law, split, rows)) <= goal["test"]:
            reached = {"step": step, "moment": moment, "validation": nll, "test": reached_test}
            break
    result: dict[str, Any] = {
        "rows": name,
        "test_events": len(test.t),
        "cnf": goal | _durations(theirs.points[-1][-1], theirs.compilation(), theirs.points[-1][0]),
        "ours_at_the_end": {"test": nll_of(last, split, rows)}
        | _durations(ours.points[-1][-1], ours.compilation(), ours.points[-1][0]),
    }
    if reached is not None:
        moment = reached.pop("moment")
        result["ours_when_as_good"] = reached | _durations(
            moment, ours.compilation(), reached["step"]
        )
        for clock in ("seconds", "processor_seconds"):
            for suffix in ("", "_without_compilation"):
                ratio = result["ours_when_as_good"][clock + suffix] / result["cnf"][clock + suffix]
                result[f"ratio_{clock}{suffix}"] = ratio
    return result, pd.concat([theirs.frame(FLOW), ours.frame("kernel mixture")])


def _durations(moment: Moment, compilation: Moment, step: int) -> dict[str, float]:
    running = moment.since(compilation)
    return {
        "steps": step,
        "seconds": moment.clock,
        "processor_seconds": moment.processor,
        "seconds_without_compilation": running.clock,
        "processor_seconds_without_compilation": running.processor,
    }


def draw(curves: pd.DataFrame, result: dict[str, Any]) -> None:
    """Draw both curves over time, and where ours is as good."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for model, curve in curves.groupby("model", sort=False):
        axes.plot(curve["seconds"], curve["validation"], label=model)
    axes.axhline(result["cnf"]["validation"], color="grey", linewidth=0.8, linestyle=":")
    floor = EVENT_SETS[result["rows"]].floor
    if floor is not None:
        axes.axhline(floor, color="black", linewidth=0.8, linestyle="--", label="entropy")
    axes.set(xscale="log", xlabel="seconds of training, compilation included")
    axes.set(ylabel="validation, nats per event", title=EVENT_SETS[result["rows"]].title)
    axes.legend(frameon=False)
    figure.savefig(PICTURE, dpi=150)
    plt.close(figure)


def lines_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Result on a terminal, one line per law."""
    laws = ("cnf", "ours_at_the_end", "ours_when_as_good")
    return [{"law": law} | result[law] for law in laws if law in result]


@benchmark(rows=Option(("pinwheel",), "one data set", among=tuple(EVENT_SETS)))
def run(*, quick: bool, rows: Sequence[str]) -> Findings:
    """Few steps of both if quick, and nothing is kept."""
    if len(rows) > 1:
        raise DataError(f"expected one data set; got --rows {' '.join(rows)}.")
    result, curves = measure(rows[0], quick)
    if not quick:
        curves.to_csv(PICTURE.with_suffix(".csv"), index=False, float_format="%.5g")
        draw(curves, result)
    ratio = result.get("ratio_seconds", np.inf)
    rest = {name: value for name, value in result.items() if not isinstance(value, dict)}
    rest["data"] = rest.pop("rows")
    claim = Claim("seconds on the clock over those of the CNF", ratio, LIMIT)
    return Findings(lines_of(result), [claim], rest)

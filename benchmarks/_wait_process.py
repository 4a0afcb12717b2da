"""One process of `python -m benchmarks wait`: uses the package as a user would, and counts.

    python -m benchmarks._wait_process TABLE

Prints one JSON object: a row for each stage of the session.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

TRACED = "/jax/core/compile/jaxpr_trace_duration"
LOWERED = "/jax/core/compile/jaxpr_to_mlir_module_duration"
COMPILED = "/jax/core/compile/backend_compile_duration"
STEPS = 200  # of the tables that are not the demo's
ROWS = 50  # of the first uses


class Stages:
    """Seconds of each stage of a session, and what JAX says that it compiled in it."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._events: list[tuple[str, float, str]] = []

    def listen(self) -> None:
        import jax.monitoring

        jax.monitoring.register_event_duration_secs_listener(self._on_event)

    def _on_event(self, event: str, seconds: float, **about: Any) -> None:
        self._events.append((event, seconds, str(about.get("fun_name", ""))))

    def __call__(self, stage: str, work: Callable[[], Any]) -> Any:
        self._events.clear()
        start = time.perf_counter()
        result = work()
        took = time.perf_counter() - start
        compiled = [(seconds, name) for event, seconds, name in self._events if event == COMPILED]
        traced = sum(s for event, s, _ in self._events if event in (TRACED, LOWERED))
        largest = max(compiled, default=(0.0, ""))
        self.rows.append(
            {
                "stage": stage,
                "seconds": took,
                "tracing": traced,
                "compiling": sum(seconds for seconds, _ in compiled),
                "programs": len(compiled),
                "largest": largest[1],
                "largest seconds": largest[0],
            }
        )
        return result


def import_everything() -> None:
    """Import what the session below uses: the package may defer some of it."""
    import conservax

    conservax.fit, conservax.models, conservax.data  # noqa: B018


def session(table: str, stages: Stages) -> None:
    """A user's session, every stage twice."""
    stages("import", import_everything)
    stages.listen()
    import numpy as np

    import conservax as cx

    def fit(seed: int) -> Any:
        if table == "demo":
            training = cx.Training(progress=False)
            return cx.fit(
                cx.data.earthquakes(), holdout=cx.HoldOut(test=0.25), training=training, seed=seed
            )
        rows, dim = (int(part) for part in table.split("x"))
        rng = np.random.default_rng(0)
        t = rng.uniform(0, 10, rows)
        x = rng.normal(size=(rows, dim)) + np.sin(t)[:, None]
        training = cx.Training(steps=STEPS, progress=False)
        return cx.fit((t, x), training=training, seed=seed)

    with TemporaryDirectory() as folder:
        for turn, again in enumerate(("", " again")):
            model = stages(f"fit{again}", partial(fit, turn))
            rows = model.split.validation.take(np.arange(ROWS))
            t, x = model.units.time.to_column(rows.t), rows.x
            stages(f"log_prob{again}", partial(model.log_prob, t, x))
            stages(f"sample{again}", partial(model.sample, t[0], ROWS))
            stages(f"velocity{again}", partial(model.velocity, t, x))
            stages(f"transport{again}", partial(model.transport, x, t, t[0]))
            stages(f"check{again}", model.check)
            stages(f"report{again}", partial(model.report, Path(folder) / f"report{turn}.html"))


if __name__ == "__main__":
    found = Stages()
    session(sys.argv[1], found)
    print(json.dumps(found.rows))

"""The one training loop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pandas as pd

from conservax._programs import make_room
from conservax._types import PRNGKey
from conservax.objective import as_sum
from conservax.train._checkpoint import load_tree, save_tree
from conservax.train._chunk import padded, replicate, replicated_and_split
from conservax.train._interrupts import Interrupts
from conservax.train._metrics import ChunkReport, Metrics, reports_of
from conservax.train._optimisers import optimiser_of
from conservax.train._schedule import Schedule, Stage
from conservax.train._state import (
    TrainState,
    initial_state,
    parameters,
    shapes,
    with_parameters,
)
from conservax.train._training import Training

CHECKPOINT, METRICS = "checkpoint.safetensors", "metrics.csv"
OnChunk = Callable[[ChunkReport], bool | None]
_USUAL = Training(batch_size=256, learning_rate=2e-3, noise=0.0, time_noise=0.0)


@dataclass(frozen=True)
class Trained:
    """Result of a training run.

    `law` is the running mean of the parameters that did best on the validation rows (the last
    one without validation rows), of the best ensemble member. `metrics` has a row per chunk and
    member. `best_step` is the step that `law` was taken at.
    """

    law: Any
    metrics: pd.DataFrame
    member: int
    steps: int
    stopped_early: bool
    best_step: int


class DivergedError(RuntimeError):
    """The loss or its gradient is no longer finite, from `step` on."""

    def __init__(self, step: int, run: Path | None, where: str = "in training"):
        kept = f"the last good checkpoint is {run / CHECKPOINT}" if run else "nothing was kept"
        super().__init__(
            f"the loss became NaN or infinite {where} at step {step}; {kept}. "
            "Lower the learning rate or the weights of the objective."
        )
        self.step = step


def train(
    law: eqx.Module,
    rows: Any,
    stages: Sequence[Stage],
    *,
    key: PRNGKey,
    validation: Any = None,
    training: Training = Training(),
    initial: Callable[[PRNGKey], Any] | None = None,
    run: Path | None = None,
    on_chunk: OnChunk | None = None,
) -> Trained:
    """Train a law on rows by the objectives of the stages, one after the other.

    **Arguments:**

    - `law`: the initial `ConservationLaw`, or another module.
    - `rows`, `validation`: arguments of the objective: observed points in law units, as `Rows`. Early
      stopping and the choice of the best running mean use the validation rows; the initial law of
      the last stage is a candidate too.
      `rows` may also be a function of a number, for more rows than memory holds: chunk n then draws
      from `rows(n)`, of one shape for all n. It is called while the device is at work.
      On rows that have a `spread`, input noise is in multiples of it.
    - `stages`: objectives in turn, each with its steps.
    - `key`: decides everything random.
    - `training`: batch size (256), learning rate (2e-3) and so on; where it is None there is
      no input noise and no early stop. Batches are split over all local devices.
    - `initial`: for several ensemble members: the initial law, of a random key.
    - `run`: folder for `checkpoint.safetensors` and `metrics.csv`. If a checkpoint is there, the
      run resumes from it, bit for bit.
    - `on_chunk`: called with a `ChunkReport` at the end of each chunk; training stops if it
      returns True.

    **Raises:** `DivergedError`, with the step; `CheckpointError`; `KeyboardInterrupt` leaves
    the checkpoint of the last finished chunk behind.
    """
    training = training.filled(_USUAL)
    make_room()
    total, devices = sum(stage.steps for stage in stages), jax.devices()
    _check(total, training, len(devices))
    optimiser = optimiser_of(training, total)
    copied, split = replicated_and_split(devices)
    folder = run if jax.process_index() == 0 else None  # hosts share the folder of a run
    state = _start(key, law, optimiser, training.ensemble, initial)
    form = shapes(parameters(law))
    recorded = Metrics([as_sum(stage.objective) for stage in stages], folder and folder / METRICS)
    if run is not None and (run / CHECKPOINT).exists():
        state = load_tree(run / CHECKPOINT, state, form)
        recorded.forget_after(_step(state))
    elif folder is not None:
        save_tree(folder / CHECKPOINT, state, form)
    state, validation = replicate((state, validation), copied)
    rows_of = rows if callable(rows) else lambda number: rows
    data = replicate(padded(rows_of(_step(state) // training.chunk)), copied)
    held = {"validation": validation, "key": jax.random.fold_in(key, 1), "sharding": split}
    schedule = Schedule(law, stages, training, optimiser, **held)
    with Interrupts() as interrupts:
        while (step := _step(state)) < total and not schedule.is_stale(step, state):
            steps = schedule.steps(step)
            found = schedule.advance(step, schedule.begin(step, state), data)
            if callable(rows) and step + steps < total:  # the call above has only begun
                data = replicate(padded(rows_of((step + steps) // training.chunk)), copied)
            metrics, held_out = jax.device_get(found[1:])
            _check_finite(step, steps, metrics, None if validation is None else held_out, run)
            state, reports = found[0], reports_of(step + steps, metrics, held_out)
            recorded.add(reports)
            if folder is not None:
                save_tree(folder / CHECKPOINT, state, form)
            interrupts.raise_lost()
            best = min(reports, key=lambda report: report.train)
            if on_chunk is not None and on_chunk(best) is True:
                break
    return _finish(law, state, recorded, stopped_early=_step(state) < total)


def _check_finite(step: int, steps: int, metrics: Any, held_out: Any, run: Path | None) -> None:
    """Raise `DivergedError` where the loss, its gradient or the validation objective is not finite."""
    if not metrics.finite.all():
        raise DivergedError(step + 1 + int(np.argmin(metrics.finite.all(0))), run)
    if held_out is not None and not np.isfinite(held_out).all():
        raise DivergedError(step + steps, run, "on the validation rows")


def _check(total: int, training: Training, devices: int) -> None:
    assert training.batch_size is not None  # filled
    if total < 1:
        raise ValueError(f"expected at least one step in all stages together; got {total}.")
    if training.steps is not None and training.steps != total:
        raise ValueError(
            f"expected steps of the stages alone; got {total} of them beside steps={training.steps}."
        )
    if training.batch_size % devices:
        raise ValueError(
            f"expected a batch_size that {devices} devices can share; got {training.batch_size}. "
            f"Use a multiple of {devices}."
        )


def _start(key, law, optimiser, ensemble, initial) -> TrainState:
    """Stacked states, one per ensemble member."""
    keys = jax.random.split(key, ensemble)
    laws = [law] * ensemble if initial is None else [initial(k) for k in keys]
    own = jax.vmap(lambda k: jax.random.fold_in(k, 1))(keys)  # other draws than of `initial`
    states = [initial_state(k, law, optimiser) for k, law in zip(own, laws, strict=True)]
    return jax.tree.map(_stacked, *states)


def _stacked(*leaves: jax.Array) -> np.ndarray | jax.Array:
    """Leaves along a new axis, on the host: stacking on the device compiles for every shape."""
    if jax.numpy.issubdtype(leaves[0].dtype, jax.dtypes.prng_key):
        return jax.numpy.stack(leaves)
    return np.stack([np.asarray(leaf) for leaf in leaves])


def _step(state: TrainState) -> int:
    return int(state.step[0])


def _finish(law: eqx.Module, state: TrainState, metrics: Metrics, stopped_early: bool) -> Trained:
    frame = metrics.frame()
    last = frame[frame["step"] == frame["step"].max()].set_index("member")
    losses = np.asarray(state.best_loss, float)
    losses = losses if np.isfinite(losses).all() else last["train"].sort_index().to_numpy(float)
    member = int(np.argmin(losses))
    best = np.asarray(state.best)[member]
    best_step = _step(state) - int(state.stale[member])
    return Trained(
        with_parameters(law, best), frame, member, _step(state), stopped_early, best_step
    )

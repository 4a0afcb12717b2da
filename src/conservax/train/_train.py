"""The one training loop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import optax
import pandas as pd

from conservax._programs import make_room
from conservax._types import PRNGKey
from conservax.objective import AbstractObjective, Sum, as_sum
from conservax.train._checkpoint import load_tree, save_tree
from conservax.train._chunk import make_chunk, replicate, replicated_and_split
from conservax.train._history import ChunkReport, History, reports_of
from conservax.train._optimisers import clipped, cosine_adam
from conservax.train._state import TrainState, initial_state, with_parameters
from conservax.train._validation import make_evaluation

CHECKPOINT, METRICS = "checkpoint.safetensors", "metrics.csv"


@dataclass(frozen=True)
class Stage:
    """An objective, and for how many steps it is followed."""

    steps: int
    objective: AbstractObjective | Sum


@dataclass(frozen=True)
class Trained:
    """What a run came to.

    `law` is the running mean of the parameters that did best on the validation rows (the last
    one without validation rows), of the member that did best. `history` has a row a chunk and
    member. `best_step` is the step that `law` was taken at.
    """

    law: Any
    history: pd.DataFrame
    member: int
    steps: int
    stopped_early: bool
    best_step: int


class DivergedError(RuntimeError):
    """The loss or its gradient is no longer a number. `step` says when."""

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
    batch_size: int = 256,
    learning_rate: float = 2e-3,
    optimiser: optax.GradientTransformation | None = None,
    clip: float = 1.0,
    average: float = 0.99,
    noise: float = 0.0,
    time_noise: float = 0.0,
    patience: int | None = None,
    chunk: int = 100,
    members: int = 1,
    initial: Callable[[PRNGKey], Any] | None = None,
    run: Path | None = None,
    on_chunk: Callable[[ChunkReport], None] | None = None,
) -> Trained:
    """Fit a law to rows by the objectives of the stages, one after the other.

    **Arguments:**

    - `law`: where to start: a `ConservationLaw`, or another module.
    - `rows`, `validation`: what the objective takes: observed points in law units, as `Rows`. Early
      stopping and the choice of the best running mean look at the validation rows; where the last
      stage starts is a candidate too.
      `rows` may also be a function of a number, for more rows than memory holds: chunk n then draws
      from `rows(n)`, of one shape for all n. It is called while the device is at work.
    - `stages`: objectives in turn.
    - `key`: decides everything random.
    - `batch_size`: rows a step, drawn with replacement, split over all local devices.
    - `optimiser`: any Optax transformation; by default `cosine_adam(learning_rate, all steps)`.
    - `clip`: largest global norm of the gradient, before the optimiser.
    - `average`: decay of the running mean of the parameters.
    - `noise`, `time_noise`: standard deviations of fresh noise added to the rows of every batch:
      as a kernel of that width, against learning few rows by heart. Not for snapshots in time.
      On rows that have a `spread`, `noise` is in multiples of it.
    - `patience`: in the last stage, stop after so many steps without a better validation
      objective; None never stops early.
    - `chunk`: steps a compiled call. Checkpoints, metrics and `on_chunk` come at its end.
    - `members`, `initial`: train several laws at once from `initial(key)` each, and keep the best.
    - `run`: folder for `checkpoint.safetensors` and `metrics.csv`. If a checkpoint is there, the
      run goes on from it, bit for bit.

    **Raises:** `DivergedError`, with the step; `CheckpointError`; `KeyboardInterrupt` leaves
    the checkpoint of the last finished chunk behind.
    """
    make_room()
    objectives = [as_sum(stage.objective) for stage in stages]
    total = sum(stage.steps for stage in stages)
    devices = jax.devices()
    _check(total, batch_size, chunk, len(devices))
    if not learning_rate > 0:
        raise ValueError(f"expected a learning_rate above 0; got {learning_rate}.")
    optimiser = clipped(optimiser or cosine_adam(float(learning_rate), total), clip)
    copied, split = replicated_and_split(devices)
    writes = jax.process_index() == 0  # hosts share the folder of a run
    state = _start(key, law, optimiser, members, initial)
    history = History(objectives, run / METRICS if run and writes else None)
    if run is not None and (run / CHECKPOINT).exists():
        state = load_tree(run / CHECKPOINT, state)
        history.forget_after(_step(state))
    state, validation = replicate((state, validation), copied)
    rows_of = rows if callable(rows) else lambda number: rows
    data = replicate(rows_of(_step(state) // chunk), copied)
    validation_key = jax.random.fold_in(key, 1)
    ends = np.cumsum([stage.steps for stage in stages])
    evaluations = [
        make_evaluation(law, one, validation, validation_key, batch_size) for one in objectives
    ]
    compiled: dict[tuple[int, int], Callable] = {}

    def is_stale(state: TrainState) -> bool:
        if patience is None or validation is None or _step(state) <= total - stages[-1].steps:
            return False
        return bool((state.stale >= patience).all())

    if run is not None and writes and not (run / CHECKPOINT).exists():
        save_tree(run / CHECKPOINT, state)
    while (step := _step(state)) < total and not is_stale(state):
        now = int(np.searchsorted(ends, step, side="right"))
        steps = min(chunk, int(ends[now]) - step)
        if step == ends[now] - stages[now].steps:  # where a stage starts is its first candidate
            never = jax.numpy.full_like(state.best_loss, np.inf)
            state = eqx.tree_at(lambda s: s.best_loss, state, never)
            state, _ = evaluations[now](state, 0)
        if (now, steps) not in compiled:
            compiled[now, steps] = make_chunk(
                law,
                objectives[now],
                optimiser,
                steps=steps,
                batch_size=batch_size,
                average=average,
                noise=noise,
                time_noise=time_noise,
                sharding=split,
            )
        new_state, metrics = compiled[now, steps](state, data)
        new_state, held_out = evaluations[now](new_state, steps)
        if callable(rows) and step + steps < total:  # the call above has only begun
            data = replicate(rows_of((step + steps) // chunk), copied)
        metrics, held_out = jax.device_get((metrics, held_out))
        if not metrics.finite.all():
            raise DivergedError(step + 1 + int(np.argmin(metrics.finite.all(0))), run)
        if validation is not None and not np.isfinite(held_out).all():
            raise DivergedError(step + steps, run, "on the validation rows")
        state = new_state
        reports = reports_of(step + steps, metrics, held_out)
        history.add(reports)
        if run is not None and writes:
            save_tree(run / CHECKPOINT, state)
        if on_chunk is not None:
            on_chunk(min(reports, key=lambda report: report.train))
    return _finish(law, state, history, stopped_early=_step(state) < total)


def _check(total: int, batch_size: int, chunk: int, devices: int) -> None:
    if min(total, batch_size, chunk) < 1:
        raise ValueError("steps, batch_size and chunk must be at least 1.")
    if batch_size % devices:
        raise ValueError(
            f"expected a batch_size that {devices} devices can share; got {batch_size}. "
            f"Use a multiple of {devices}."
        )


def _start(key, law, optimiser, members, initial) -> TrainState:
    """Stacked states, one a member."""
    keys = jax.random.split(key, members)
    laws = [law] * members if initial is None else [initial(k) for k in keys]
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


def _finish(law: eqx.Module, state: TrainState, history: History, stopped_early: bool) -> Trained:
    frame = history.frame()
    last = frame[frame["step"] == frame["step"].max()].set_index("member")
    losses = np.asarray(state.best_loss, float)
    losses = losses if np.isfinite(losses).all() else last["train"].sort_index().to_numpy(float)
    member = int(np.argmin(losses))
    best = jax.tree.map(lambda leaf: jax.device_put(np.asarray(leaf)[member]), state.best)
    best_step = _step(state) - int(state.stale[member])
    return Trained(
        with_parameters(law, best), frame, member, _step(state), stopped_early, best_step
    )

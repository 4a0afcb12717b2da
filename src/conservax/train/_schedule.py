"""Stages of training: the objective at each step, and its compiled programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import numpy as np
import optax
from jax.sharding import NamedSharding

from conservax._types import PRNGKey
from conservax.objective import AbstractObjective, Sum, as_sum
from conservax.train._chunk import make_chunk
from conservax.train._state import TrainState
from conservax.train._training import Training
from conservax.train._validation import make_evaluation


@dataclass(frozen=True)
class Stage:
    """An objective, and for how many steps it is minimised."""

    steps: int
    objective: AbstractObjective | Sum


class Schedule:
    """The stages of a run: first and last steps, and compiled programs.

    **Arguments:**

    - `law`: of the structure that is trained.
    - `stages`: objectives in turn.
    - `training`: with no None left to fill in.
    - `optimiser`: of all stages.
    - `validation`: rows that decide which parameters are kept; None for the last ones.
    - `key`: of the evaluations.
    - `sharding`: of a batch over devices.
    """

    def __init__(
        self,
        law: eqx.Module,
        stages: Sequence[Stage],
        training: Training,
        optimiser: optax.GradientTransformation,
        *,
        validation: Any,
        key: PRNGKey,
        sharding: NamedSharding,
    ):
        self._law, self._stages, self._training = law, stages, training
        self._optimiser, self._sharding = optimiser, sharding
        self._objectives = [as_sum(stage.objective) for stage in stages]
        self._ends = np.cumsum([stage.steps for stage in stages])
        self._has_validation = validation is not None
        self._evaluations = [
            make_evaluation(law, one, validation, key=key, batch_size=training.batch_size or 1)
            for one in self._objectives
        ]
        self._chunks: dict[tuple[int, int], Callable] = {}

    @property
    def total(self) -> int:
        """Steps of all stages."""
        return int(self._ends[-1])

    def steps(self, step: int) -> int:
        """How many steps the next chunk takes."""
        return min(self._training.chunk, int(self._ends[self._now(step)]) - step)

    def begin(self, step: int, state: TrainState) -> TrainState:
        """The state at a step; at the start of a stage it is a candidate for the best one."""
        now = self._now(step)
        if step != self._ends[now] - self._stages[now].steps:
            return state
        never = jax.numpy.full_like(state.best_loss, np.inf)
        state = eqx.tree_at(lambda s: s.best_loss, state, never)
        return self._evaluations[now](state, 0)[0]

    def advance(self, step: int, state: TrainState, data: Any) -> tuple[TrainState, Any, Any]:
        """The state after the next chunk, its metrics, and the objective on the validation rows."""
        now, steps = self._now(step), self.steps(step)
        if (now, steps) not in self._chunks:
            training = self._training
            assert training.batch_size is not None
            assert training.noise is not None
            assert training.time_noise is not None
            self._chunks[now, steps] = make_chunk(
                self._law,
                self._objectives[now],
                self._optimiser,
                steps=steps,
                batch_size=training.batch_size,
                average=training.ema_decay,
                noise=training.noise,
                time_noise=training.time_noise,
                sharding=self._sharding,
            )
        state, metrics = self._chunks[now, steps](state, data)
        state, held_out = self._evaluations[now](state, steps)
        return state, metrics, held_out

    def is_stale(self, step: int, state: TrainState) -> bool:
        """Whether the last stage has been no better on the validation rows for too long."""
        patience = self._training.patience
        if patience is None or not self._has_validation:
            return False
        if step <= self.total - self._stages[-1].steps:
            return False
        return bool((state.stale >= patience).all())

    def _now(self, step: int) -> int:
        return int(np.searchsorted(self._ends, step, side="right"))

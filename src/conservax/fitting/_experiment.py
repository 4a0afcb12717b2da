"""A fit as one value, and its training."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax

from conservax._types import PRNGKey
from conservax.data import Units
from conservax.fitting._dataset import Dataset
from conservax.fitting._objectives import matching_of
from conservax.fitting._training_rows import training_rows, validation_rows
from conservax.model import Outcome, Settings, Stored
from conservax.reference import WithReference
from conservax.train import OnChunk, ProgressBar, Stage, Training, train


@dataclass(frozen=True)
class Experiment:
    """Everything that training needs to start, or to resume.

    **Attributes:**

    - `start`: the initial law, `WithReference`, or `EventLaw`.
    - `begin`: the same as a function of a random key, for ensemble members.
    - `stages`: objectives in turn.
    - `training`: with no None left to fill in.
    - `dataset`, `settings`: rows, and the settings that are stored with the model.
    """

    start: Any
    begin: Callable[[PRNGKey], Any]
    stages: tuple[Stage, ...]
    training: Training
    dataset: Dataset
    settings: Settings

    @property
    def units(self) -> Units:
        """Units of the rows."""
        return self.dataset.units


def run_experiment(experiment: Experiment, run: Path | None, on_chunk: OnChunk | None) -> Stored:
    """Train to the end; in a folder, from its checkpoint if there is one.

    **Raises:** as `conservax.train.train`.
    """
    settings, training = experiment.settings, experiment.training
    dtype = next(
        leaf.dtype for leaf in jax.tree.leaves(experiment.start) if eqx.is_inexact_array(leaf)
    )
    matching = matching_of(experiment.stages)
    steps = sum(stage.steps for stage in experiment.stages)
    with ProgressBar(steps, visible=training.progress) as bar:

        def report(chunk: Any) -> bool | None:
            bar.show(chunk)
            return None if on_chunk is None else on_chunk(chunk)

        trained = train(
            experiment.start,
            training_rows(experiment.dataset, dtype, matching),
            experiment.stages,
            key=jax.random.key(settings.seed),
            validation=validation_rows(experiment.dataset, dtype, matching),
            training=replace(training, steps=None),
            initial=experiment.begin,
            run=run,
            on_chunk=report,
        )
        bar.end(trained)
    metrics = trained.metrics.query("member == @trained.member").drop(columns="member")
    outcome = Outcome(
        steps=trained.steps,
        stopped_early=trained.stopped_early,
        best_step=trained.best_step,
        best_member=trained.member,
    )
    law, reference = trained.law, None
    if isinstance(law, WithReference):
        law, reference = law.law, law.reference
    return Stored(
        law,
        experiment.units,
        replace(settings, outcome=outcome),
        metrics.reset_index(drop=True),
        reference,
    )

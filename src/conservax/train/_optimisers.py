"""Optimisers whose learning rate falls along a cosine."""

from functools import lru_cache
from typing import Any

import jax
import optax
from optax.contrib import MuonDimensionNumbers

from conservax.train._training import Training


@lru_cache(maxsize=64)  # alike by identity: equal settings share compiled programs
def cosine_adam(learning_rate: float, steps: int) -> optax.GradientTransformation:
    """Adam with a short linear warm-up and cosine decay to a hundredth: the default."""
    warmup = min(100, steps // 10)
    schedule = optax.warmup_cosine_decay_schedule(
        0.1 * learning_rate, learning_rate, warmup, steps, 0.01 * learning_rate
    )
    return optax.adam(schedule)


@lru_cache(maxsize=64)  # alike by identity: equal settings share compiled programs
def cosine_muon(learning_rate: float, steps: int) -> optax.GradientTransformation:
    """Muon [jordan2024], whose steps along matrices have singular values that are all alike.

    Steps are not scaled by the shape of a matrix: where many entries are read out, as those of fields in
    many dimensions, scaled ones are too long. Parameters that are not matrices move by Adam. The rate falls to
    0. In the benchmarks `fluids` and `hodge` it reaches, in as many steps, losses that Adam does not.
    """
    schedule = optax.cosine_decay_schedule(learning_rate, steps)

    def axes(leaf: Any) -> MuonDimensionNumbers | None:
        if leaf.ndim != 2:
            return None
        shorter = int(leaf.shape[1] < leaf.shape[0])  # as the outputs it is scaled by 1
        return MuonDimensionNumbers(reduction_axis=1 - shorter, output_axis=shorter)

    def dimensions(parameters: Any) -> Any:
        return jax.tree.map(axes, parameters)

    return optax.contrib.muon(schedule, muon_weight_dimension_numbers=dimensions)


@lru_cache(maxsize=64)
def clipped(optimiser: optax.GradientTransformation, norm: float) -> optax.GradientTransformation:
    """An optimiser of gradients whose global norm is at most `norm`."""
    return optax.chain(optax.clip_by_global_norm(norm), optimiser)


@lru_cache(maxsize=64)
def on_vector(optimiser: optax.GradientTransformation) -> optax.GradientTransformation:
    """An optimiser that treats all numbers alike, on one vector: less to compile."""
    return optax.flatten(optimiser)


def optimiser_of(training: Training, steps: int) -> optax.GradientTransformation:
    """The optimiser of filled settings, of clipped gradients."""
    if training.optimiser is not None:
        return clipped(training.optimiser, training.clip)
    assert training.learning_rate is not None  # filled
    return on_vector(clipped(cosine_adam(float(training.learning_rate), steps), training.clip))

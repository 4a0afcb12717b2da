"""Optimisers whose learning rate falls along a cosine."""

import optax


def cosine_adam(learning_rate: float, steps: int) -> optax.GradientTransformation:
    """Adam with a short linear warm-up and cosine decay to a hundredth: the default."""
    warmup = min(100, steps // 10)
    schedule = optax.warmup_cosine_decay_schedule(
        0.1 * learning_rate, learning_rate, warmup, steps, 0.01 * learning_rate
    )
    return optax.adam(schedule)


def cosine_muon(learning_rate: float, steps: int) -> optax.GradientTransformation:
    """Muon [jordan2024], whose steps along matrices have singular values that are all alike.

    For networks whose derivatives are asked for, it gets in thousands of steps to where Adam does not get.
    What is no matrix moves by Adam. The rate falls to nothing.
    """
    schedule = optax.cosine_decay_schedule(learning_rate, steps)
    return optax.contrib.muon(schedule, adam_learning_rate=schedule)

"""Optimal control of a crowd around a pond, with a custom cost: python examples/steering.py [--quick]."""

import sys
from pathlib import Path

import jax.numpy as jnp

import conservax
from conservax.control import (
    Circles,
    Entropy,
    FourierTrajectories,
    GaussianMixture,
    PlanTraining,
    Problem,
    draw_paths,
)


def slope(t, x):
    """Custom cost, a function of one point: it is steeper in the north."""
    return 2.0 * jnp.maximum(x[1], 0.0)


def main() -> None:
    """Solve, roll out, draw."""
    pond = Circles([[0.0, 0.0]], 1.0, weight=300.0, margin=0.3)
    problem = Problem(
        GaussianMixture([-3.0, 0.0], 0.3),
        GaussianMixture([3.0, 0.0], 0.3),
        costs=[pond, Entropy(2.0), slope],
    )
    plan = conservax.plan(
        problem,
        model=FourierTrajectories(components=16),
        training=PlanTraining(steps=100 if "--quick" in sys.argv else 800),
    )
    rollouts = [plan.rollout(300, diffusion=g) for g in (0.0, 0.5)]
    for paths, g in zip(rollouts, (0.0, 0.5), strict=True):
        print(plan.scores(paths, diffusion=g))
    out = Path("steering")
    out.mkdir(exist_ok=True)
    draw_paths(
        [problem], [[p] for p in rollouts], (["g = 0", "g = 0.5"], ["pond"]), out / "paths.png"
    )


if __name__ == "__main__":
    main()

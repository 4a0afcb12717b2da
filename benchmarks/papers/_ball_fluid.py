"""Figure 3 [richterpowell2022]: a fluid in a ball, and particles advected by it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from benchmarks._no_rows import no_rows
from benchmarks.claim import Claim
from benchmarks.papers._particles import Particles, advect, relative_error
from conservax.field import Ball, Fluid
from conservax.objective import CollocationPoints, EulerResidual, FluidInitialResidual
from conservax.train import Stage, Training, cosine_muon, train

BALL = Ball(1.0)
TIMES = (0.0, 0.125, 0.25, 0.375, 0.5)
MEAN = 0.9  # of the density
LIMIT = 0.05


@dataclass(frozen=True)
class BallSettings:
    """Sizes, steps, points per step, and weights of the terms."""

    steps: int
    points: int = 128
    width: int = 32
    depth: int = 2
    momentum: float = 0.2
    volume: float = 10.0
    start: float = 3.0
    density: float = 30.0  # at the start beside the momentum, which cannot be exact
    learning_rate: float = 1e-2


QUICK, FULL = BallSettings(6000), BallSettings(12_000)


def ball_density(x: Float[Array, " dim"]) -> Array:
    """rho at t = 0, in [1/2, 3/2]."""
    return 1.5 - jnp.sum(x**2)


def ball_start(x: Float[Array, " dim"]) -> Float[Array, " 4"]:
    """(rho, rho u) at t = 0, shape `(4,)`.

    It flows through the boundary, where the fluid cannot follow.
    """
    rho = ball_density(x)
    return jnp.append(rho, rho * jnp.array([-2.0, x[0] - 1, 0.5]))


def solve_ball(settings: BallSettings, seed: int) -> Fluid:
    """Train a fluid that nothing leaves on its initial condition and the equations."""
    model_key, key = jax.random.split(jax.random.key(seed))
    fluid = Fluid(
        3, BALL, background=MEAN, width=settings.width, depth=settings.depth, key=model_key
    )
    at = CollocationPoints(BALL, 3, settings.points, until=TIMES[-1])
    loss = settings.start * FluidInitialResidual(ball_start, at, density=settings.density)
    loss = loss + EulerResidual(at, momentum=settings.momentum, volume=settings.volume)
    return train(
        fluid,
        no_rows(3),
        [Stage(settings.steps, loss)],
        key=key,
        training=Training(
            batch_size=jax.device_count(),
            optimiser=cosine_muon(settings.learning_rate, settings.steps),
        ),
    ).law


def ball_errors(particles: Particles) -> list[dict[str, float]]:
    """Relative L2 error of the density per time, against that advected by the particles.

    At t = 0 against the initial condition.
    """
    advected = particles.density[:, 0]
    truth = np.asarray(jax.vmap(ball_density)(jnp.asarray(particles.x[:, 0])))
    lines = [{"t": 0.0, "density": relative_error(advected, truth)}]
    for n, t in enumerate(TIMES[1:], 1):
        lines.append({"t": t, "density": relative_error(particles.density[:, n], advected)})
    return lines


def advect_in_ball(
    settings: BallSettings, seed: int, log: Callable[[str], None], count: int = 1000
) -> tuple[Fluid, Particles, list[dict]]:
    """Train a fluid and advect particles: the fluid, the particles, and rows of errors."""
    begun = time.perf_counter()
    fluid = solve_ball(settings, seed)
    seconds = time.perf_counter() - begun
    particles = advect(fluid, CollocationPoints(BALL, 3, count)(jax.random.key(seed + 1))[1], TIMES)
    found = ball_errors(particles)
    worst = max(line["density"] for line in found)
    log(f"ball: density off by at most {worst:.2%} after {seconds:.0f} s")
    return fluid, particles, [{"case": "ball", **line, "seconds": seconds} for line in found]


def ball_claims(lines: list[dict]) -> list[Claim]:
    """Claims on the density at the start, and against particles."""
    start, *later = (line["density"] for line in lines)
    return [
        Claim("ball: density at the start", start, LIMIT),
        Claim("ball: density against particles", max(later), LIMIT),
    ]

"""Claim: least-energy transport of one Gaussian to eight, near the exact optimum, in minutes.

From N(0, 0.5^2 I) at t = 0 to eight Gaussians (radius 2, deviation 0.2) at t = 1, in two
dimensions. Trained on likelihood at both ends and kinetic energy; the transported points are
compared with the exact optimal coupling of the same points (POT), the likelihoods with the
entropies. Limits: cost within 4 % of W2^2, both ends within 0.03 nats, under five minutes.
The sigmoid flux of the paper is run beside the default for comparison: where a conditional density is thin its
velocity explodes, and `failed` is the fraction of points whose path was not found in 500 steps of the ODE; costs are of
the others, and a claim allows none.

    python -m benchmarks gaussian_to_eight [--quick] [--seeds N] [--json]
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.claim import SEEDS, Claim, Findings, benchmark
from benchmarks.papers._transport2d import push_forward
from conservax.check import wasserstein
from conservax.density import Autoregressive
from conservax.field import MatrixField
from conservax.flux import AbstractFlux, KnotheRosenblatt, SigmoidCancellation
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy, NegativeLogLikelihood, Rows
from conservax.train import Stage, Training, train

START, RADIUS, SPREAD, MODES = 0.5, 2.0, 0.2, 8
COST_LIMIT, NLL_LIMIT, SECONDS_LIMIT = 1.04, 0.03, 300
ANGLES = 2 * np.pi * np.arange(MODES) / MODES
CENTRES = RADIUS * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    start = START * rng.normal(size=(n, 2))
    end = CENTRES[rng.integers(0, MODES, n)] + SPREAD * rng.normal(size=(n, 2))
    return start, end


def true_log_prob(t: int, x: np.ndarray) -> np.ndarray:
    centres, scale = (np.zeros((1, 2)), START) if t == 0 else (CENTRES, SPREAD)
    squares = ((x[:, None] - centres) ** 2).sum(-1) / (2 * scale**2)
    return np.log(np.exp(-squares).mean(1)) - np.log(2 * np.pi * scale**2)


def metrics_of(flux: AbstractFlux, field: bool, steps: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    ends = [jnp.asarray(x, jnp.float32) for x in draw(rng, 20_000)]
    rows = Rows(jnp.repeat(jnp.array([0.0, 1.0]), 20_000), jnp.concatenate(ends))
    key = jax.random.key(seed)
    density = Autoregressive(2, width=128, depth=3, key=key)
    law = ConservationLaw(density, flux, MatrixField(2, key=key) if field else None)
    objective = NegativeLogLikelihood() + 0.05 * KineticEnergy()
    began = time.perf_counter()
    training = Training(batch_size=512)
    law = train(law, rows, [Stage(steps, objective)], key=key, training=training).law
    seconds = time.perf_counter() - began

    start, end = draw(rng, 2000)
    moved = push_forward(law, jnp.asarray(start, jnp.float32))[:, 1]
    found = np.isfinite(moved).all(axis=1)
    metrics = {
        "cost": float(((moved - start)[found] ** 2).sum(1).mean()),
        "failed": float(1 - found.mean()),
        "exact_w2_squared": wasserstein(start, end) ** 2,
        "energy": float(KineticEnergy(4096)(key, law, rows)),
        "seconds": seconds,
    }
    metrics["ratio"] = metrics["cost"] / metrics["exact_w2_squared"]
    for t, x in enumerate(draw(rng, 20_000)):
        own = jax.jit(jax.vmap(lambda x, t=t: law.log_prob(jnp.float32(t), x)))
        nll = -np.mean(np.asarray(own(jnp.asarray(x, jnp.float32))))
        metrics[f"nll_excess_{t}"] = float(nll + true_log_prob(t, x).mean())
    return metrics


CLAIMED = "Knothe-Rosenblatt"


@benchmark(seeds=SEEDS)
def run(*, quick: bool, seeds: int) -> Findings:
    """A fifth of the steps if quick; limits hold for Knothe-Rosenblatt alone."""
    steps = 400 if quick else 2000
    cases = {
        CLAIMED: (KnotheRosenblatt(), False),
        "Knothe-Rosenblatt + field": (KnotheRosenblatt(), True),
        "sigmoid cancellation": (SigmoidCancellation(), False),
    }
    rows = [
        {"flux": name, "seed": seed, **metrics_of(*case, steps, seed)}
        for name, case in cases.items()
        for seed in range(seeds)
    ]
    limits = {
        "failed": 0.0,
        "ratio": COST_LIMIT,
        "nll_excess_0": NLL_LIMIT,
        "nll_excess_1": NLL_LIMIT,
        "seconds": SECONDS_LIMIT,
    }
    claims = [
        Claim(f"{name}, seed {row['seed']}", row[name], limit)
        for row in rows
        if row["flux"] == CLAIMED
        for name, limit in limits.items()
    ]
    return Findings(rows, claims)

"""Claim: the autoregressive density reaches the entropy of pinwheel events within 0.03 nats.

It takes Fourier features of the coordinates: the arms are sharp.

Events of a multivariate Hawkes process on ten arms (`conservax.data.pinwheel_hawkes`). At every
time the marginal is the same ten-arm mixture, of entropy 2.175 nats in standardised coordinates:
no density without history can score below it. 2000 sequences to train, 200 to validate, and by
default 2000 fresh ones to test.

    python -m benchmarks pinwheel_entropy [--quick] [--seeds N] [--json]
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.claim import SEEDS, Claim, Findings, benchmark
from conservax.data import pinwheel_hawkes
from conservax.density import Autoregressive
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy, NegativeLogLikelihood, Rows
from conservax.train import Stage, Training, train

ENTROPY, LIMIT, TOO_GOOD = 2.175, 0.03, 0.01


def metrics_of(steps: int, test_sequences: int, seed: int) -> dict[str, float]:
    t, x, sequence = pinwheel_hawkes(np.random.default_rng(seed), 2200 + test_sequences)
    training = sequence < 2000
    x = (x - x[training].mean(0)) / x[training].std(0, ddof=1)

    def rows(chosen: np.ndarray) -> Rows:
        return Rows(jnp.asarray(t[chosen] / 30, jnp.float32), jnp.asarray(x[chosen], jnp.float32))

    key = jax.random.key(seed)
    law = ConservationLaw(
        Autoregressive(2, width=128, depth=3, fourier_features=3, key=key), KnotheRosenblatt()
    )
    began = time.perf_counter()
    law = train(
        law,
        rows(training),
        [Stage(steps, NegativeLogLikelihood() + 0.01 * KineticEnergy())],
        key=key,
        validation=rows((sequence >= 2000) & (sequence < 2200)),
        training=Training(batch_size=512),
    ).law
    seconds = time.perf_counter() - began
    test = rows(sequence >= 2200)
    nll = -np.asarray(jax.jit(jax.vmap(law.log_prob))(test.t, test.x))
    return {
        "test_events": len(nll),
        "nll": float(nll.mean()),
        "standard_error": float(nll.std() / np.sqrt(len(nll))),
        "excess_over_entropy": float(nll.mean() - ENTROPY),
        "seconds": seconds,
    }


@benchmark(seeds=SEEDS)
def run(*, quick: bool, seeds: int) -> Findings:
    """A tenth of the steps if quick."""
    steps = 600 if quick else 6000
    rows = [{"seed": seed, **metrics_of(steps, 2000, seed)} for seed in range(seeds)]
    excess = [row["excess_over_entropy"] for row in rows]
    claims = [
        Claim(f"nats above the entropy {ENTROPY}, at worst", max(excess), LIMIT),
        Claim("and at best: below it is a mistake", min(excess), -TOO_GOOD, at_least=True),
    ]
    return Findings(rows, claims)

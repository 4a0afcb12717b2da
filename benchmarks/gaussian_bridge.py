"""Claim: from draws of two Gaussians, the Schroedinger bridge between them within 2 %.

The ends of gaussian_transport.py, with diffusion g = 1 and Brownian motion as the reference. The
bridge is Gaussian at every time, and its divergence from the reference is known [bunne2023].
At t = 0.25, 0.5 and 0.75 draws of the law are compared with it: the distance of the means over the
root of the trace of the covariance, and the Frobenius norm of the difference of the covariances
over that of the covariance. Beside these stand the errors of as many draws of the bridge itself
(the floor), and those of the straight lines of optimal transport, the answer to the question
without noise. Limits: each of the errors, and that of the divergence (`ReferenceEnergy`), below 2 %.

    python -m benchmarks gaussian_bridge [--quick] [--seeds N] [--json]
"""

import dataclasses
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._gaussian_bridge import BROWNIAN, GaussianBridge, learn, problem
from benchmarks._no_rows import no_rows
from benchmarks.claim import SEEDS, Claim, Findings, benchmark
from conservax.law import ConservationLaw
from conservax.objective import ReferenceEnergy
from conservax.reference import WithReference

LIMIT, POINTS, DIFFUSION = 0.02, 200_000, 1.0
TIMES = (0.25, 0.5, 0.75)
STAGES = ((800, 0.1), (800, 0.02), (2400, 0.002))
QUICK_STAGES = ((400, 0.1), (600, 0.005))


def errors(bridge: GaussianBridge, t: float, x: np.ndarray) -> dict[str, float]:
    """Relative errors of the mean and the covariance of draws at t."""
    covariance = bridge.covariance(t)
    off = np.linalg.norm(x.mean(0) - bridge.mean(t))
    off_covariance = np.linalg.norm(np.cov(x.T) - covariance)
    return {
        f"mean at {t}": float(off / np.sqrt(np.trace(covariance))),
        f"covariance at {t}": float(off_covariance / np.linalg.norm(covariance)),
    }


@eqx.filter_jit
def draws(law: ConservationLaw, key: jax.Array, t: jax.Array) -> jax.Array:
    return jax.vmap(lambda key: law.sample(key, t))(jax.random.split(key, POINTS))


def metrics_of(law: ConservationLaw, bridge: GaussianBridge, seed: int) -> dict[str, float]:
    """Relative errors of the law."""
    key = jax.random.key(1000 + seed)
    metrics = {}
    for t in TIMES:
        metrics |= errors(bridge, t, np.asarray(draws(law, key, jnp.float32(t))))
    energy = ReferenceEnergy(32_768)
    divergence = float(energy(key, WithReference(law, BROWNIAN), no_rows(bridge.dim)))
    return metrics | {"divergence": abs(divergence / bridge.divergence - 1)}


def metrics_of_draws(drawn: GaussianBridge, bridge: GaussianBridge) -> dict[str, float]:
    """Relative errors of draws of a closed form."""
    rng = np.random.default_rng(0)
    metrics = {}
    for t in TIMES:
        metrics |= errors(bridge, t, drawn.draw(rng, t, POINTS))
    return metrics


@benchmark(seeds=SEEDS)
def run(*, quick: bool, seeds: int) -> Findings:
    """A quarter of the steps if quick."""
    bridge = problem(DIFFUSION)
    rows, claims = [], []
    for seed in range(seeds):
        began = time.perf_counter()
        law = learn(bridge, QUICK_STAGES if quick else STAGES, seed)
        seconds = time.perf_counter() - began
        metrics = metrics_of(law, bridge, seed)
        rows.append({"draws of": f"the law, seed {seed}", **metrics, "seconds": seconds})
        claims += [
            Claim(f"relative error of {name}, seed {seed}", error, LIMIT)
            for name, error in metrics.items()
        ]
    still = dataclasses.replace(bridge, g=0.0)
    rows.append({"draws of": "the bridge: the floor", **metrics_of_draws(bridge, bridge)})
    rows.append({"draws of": "the bridge without noise", **metrics_of_draws(still, bridge)})
    return Findings(rows, claims)

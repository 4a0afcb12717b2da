"""Claim: from draws of two Gaussians, the optimal transport map between them within 2 %.

Two correlated Gaussians in two dimensions whose covariances do not commute. Trained on likelihood
at both ends and kinetic energy; points transported by the learned flow are compared with the closed
form T(x) = m1 + A (x - m0) [bunne2023, at g = 0]. The error is the root mean square of the
difference over that of the displacement T(x) - x; `error_about_the_mean` is the harder measure
over T(x) - x less its mean. For comparison the Knothe-Rosenblatt map between the same ends,
to which the default flux transports points without a divergence-free part. Limit: error below
2 %, every seed.

    python -m benchmarks gaussian_transport [--quick] [--seeds N] [--json]
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._gaussian_bridge import GaussianBridge, learn, problem
from benchmarks._no_rows import no_rows
from benchmarks.claim import SEEDS, Claim, Findings, benchmark
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy
from conservax.transport import transport

LIMIT, POINTS = 0.02, 4000
STAGES = ((800, 0.05), (800, 0.01), (2400, 0.001))  # half those of the bridge: twice the energy
QUICK_STAGES = ((400, 0.05), (600, 0.0025))


def errors(ends: GaussianBridge, x: np.ndarray, moved: np.ndarray) -> tuple[float, float]:
    """Errors of the transported points: over the displacement, and over it less its mean."""
    best = ends.expected_end(x)
    off = np.mean(np.sum((moved - best) ** 2, 1))
    displacement = best - x
    spread = np.mean(np.sum((displacement - displacement.mean(0)) ** 2, 1))
    return float(np.sqrt(off / np.mean(np.sum(displacement**2, 1)))), float(np.sqrt(off / spread))


def metrics_of(law: ConservationLaw, ends: GaussianBridge, seed: int) -> dict[str, float]:
    """Errors of the law on points that it has not seen."""
    x = ends.draw(np.random.default_rng(1000 + seed), 0.0, POINTS)
    times = jnp.array([0.0, 1.0], jnp.float32)
    move = jax.jit(jax.vmap(lambda x: transport(law, x, times, rtol=1e-5, atol=1e-5)[-1]))
    error, about_the_mean = errors(ends, x, np.asarray(move(x)))
    energy = float(KineticEnergy(32_768)(jax.random.key(seed), law, no_rows(ends.dim)))
    factors = (np.linalg.cholesky(cov) for cov in (ends.S1, ends.S0))
    triangular = next(factors) @ np.linalg.inv(next(factors))
    return {
        "error": error,
        "error_about_the_mean": about_the_mean,
        "error_of_knothe_rosenblatt": errors(ends, x, ends.m1 + (x - ends.m0) @ triangular.T)[0],
        "energy_over_least": energy / ends.squared_distance,
    }


@benchmark(seeds=SEEDS)
def run(*, quick: bool, seeds: int) -> Findings:
    """A quarter of the steps if quick."""
    ends = problem(0.0)
    rows = []
    for seed in range(seeds):
        began = time.perf_counter()
        law = learn(ends, QUICK_STAGES if quick else STAGES, seed)
        seconds = time.perf_counter() - began
        rows.append({"seed": seed, **metrics_of(law, ends, seed), "seconds": seconds})
    claims = [Claim(f"relative error, seed {row['seed']}", row["error"], LIMIT) for row in rows]
    return Findings(rows, claims)

"""Claim: from draws of two Gaussians, the Schroedinger bridge between them within 2 %.

The ends of gaussian_transport.py, with diffusion g = 1 and Brownian motion as the reference. The
bridge is Gaussian at every time, and its divergence from the reference is known [bunne2023].
At t = 0.25, 0.5 and 0.75 draws of the law are compared with it: the distance of the means over the
root of the trace of the covariance, and the Frobenius norm of the difference of the covariances
over that of the covariance. Beside these stand the errors of as many draws of the bridge itself
(the floor), and those of the straight lines of optimal transport, the answer to the question
without noise. Limits: each of the errors, and that of the divergence (`ReferenceEnergy`), below 2 %.

    python benchmarks/gaussian_bridge.py [--quick] [--seeds N] [--json]
"""

import argparse
import dataclasses
import json
import sys
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from _gaussian_bridge import GaussianBridge, learn, problem
from conservax.law import ConservationLaw
from conservax.objective import ReferenceEnergy, Rows

LIMIT, POINTS, DIFFUSION = 0.02, 200_000, 1.0
TIMES = (0.25, 0.5, 0.75)
STAGES = ((800, 0.1), (800, 0.02), (2400, 0.002))
QUICK_STAGES = ((400, 0.1), (600, 0.005))


def errors(bridge: GaussianBridge, t: float, x: np.ndarray) -> dict[str, float]:
    """Of the mean and the covariance of draws at t."""
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


def figures_of(law: ConservationLaw, bridge: GaussianBridge, seed: int) -> dict[str, float]:
    """Relative errors of the law."""
    key = jax.random.key(1000 + seed)
    figures = {}
    for t in TIMES:
        figures |= errors(bridge, t, np.asarray(draws(law, key, jnp.float32(t))))
    nothing = Rows(jnp.zeros(1), jnp.zeros((1, bridge.dim)))
    divergence = float(ReferenceEnergy(32_768)(key, law, nothing))
    return figures | {"divergence": abs(divergence / bridge.divergence - 1)}


def figures_of_draws(drawn: GaussianBridge, bridge: GaussianBridge) -> dict[str, float]:
    """Relative errors of draws of a closed form."""
    rng = np.random.default_rng(0)
    figures = {}
    for t in TIMES:
        figures |= errors(bridge, t, drawn.draw(rng, t, POINTS))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter of the steps")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    bridge = problem(DIFFUSION)
    results = {}
    for seed in range(arguments.seeds):
        began = time.perf_counter()
        law = learn(bridge, QUICK_STAGES if arguments.quick else STAGES, seed)
        seconds = {"seconds": time.perf_counter() - began}
        results[f"seed {seed}"] = figures_of(law, bridge, seed) | seconds
    passed = all(
        figures[name] < LIMIT
        for figures in results.values()
        for name in figures
        if name != "seconds"
    )
    results["floor"] = figures_of_draws(bridge, bridge)
    results["no noise"] = figures_of_draws(dataclasses.replace(bridge, g=0.0), bridge)
    if arguments.json:
        print(json.dumps({"passed": passed, "limit": LIMIT, "results": results}))
    else:
        print(f"{'relative error of':<20}" + "".join(f"{name:>10}" for name in results))
        for name in results["seed 0"]:
            row = (
                f"{figures[name]:10.4f}" if name in figures else f"{'':10}"
                for figures in results.values()
            )
            print(f"{name:<20}" + "".join(row))
        print("PASS" if passed else "MISS", f"(limit {LIMIT:.0%} on every error)")
    sys.exit(not passed and not arguments.quick)


if __name__ == "__main__":
    main()

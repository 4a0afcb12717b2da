"""Claims against closed forms in their quick form: the scripts as a reader runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(name):
    """What `--quick --json` says, compiled as it is for a reader."""
    environment = {key: value for key, value in os.environ.items() if key != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, BENCHMARKS / name, "--quick", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # 1: a limit of the full form is missed
    return json.loads(done.stdout)["results"]


@pytest.mark.slow
def test_optimal_transport_between_gaussians_is_near():
    (figures,) = run("gaussian_transport.py")
    assert figures["error"] < 0.05
    assert figures["error_of_knothe_rosenblatt"] > 0.2
    assert figures["energy_over_least"] == pytest.approx(1, abs=0.03)


@pytest.mark.slow
def test_the_bridge_between_gaussians_is_near():
    results = run("gaussian_bridge.py")
    learned = {name: error for name, error in results["seed 0"].items() if name != "seconds"}
    assert max(learned.values()) < 0.05
    assert max(results["floor"].values()) < 0.01
    assert results["no noise"]["covariance at 0.5"] > 0.2


@pytest.mark.slow
def test_ten_seeds_cost_no_more_than_ten_times_one():
    for figures in run("many_seeds.py").values():
        assert figures["step, processor"] < 12

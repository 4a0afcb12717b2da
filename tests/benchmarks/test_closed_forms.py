"""Claims against closed forms in their quick form: as a reader runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(name):
    """What `--quick --json` says, compiled as it is for a reader."""
    environment = {key: value for key, value in os.environ.items() if key != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--quick", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rows"]


@pytest.mark.slow
def test_optimal_transport_between_gaussians_is_near():
    (figures,) = run("gaussian_transport")
    assert figures["error"] < 0.05
    assert figures["error_of_knothe_rosenblatt"] > 0.2
    assert figures["energy_over_least"] == pytest.approx(1, abs=0.03)


@pytest.mark.slow
def test_the_bridge_between_gaussians_is_near():
    learned, floor, still = (
        {name: error for name, error in row.items() if name not in ("draws of", "seconds")}
        for row in run("gaussian_bridge")
    )
    assert max(learned.values()) < 0.05
    assert max(floor.values()) < 0.01
    assert still["covariance at 0.5"] > 0.2


@pytest.mark.slow
def test_ten_seeds_cost_no_more_than_ten_times_one():
    for figures in run("many_seeds"):
        assert figures["step, processor"] < 12

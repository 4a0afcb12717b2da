"""The simulated cost against closed forms, the distance it pulls with, and one tiny table."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.papers._simulated import energy_distance, simulated_cost
from conservax.control import Entropy, GaussianMixture, Potential, Problem, Scale


def test_cost_along_paths_of_a_known_drift():
    # dx = -x dt shrinks N(0, 2^2) by exp(-t): log density rises by dim * t.
    problem = Problem(
        GaussianMixture([0.0, 0.0], 2.0),
        costs=[Entropy(3.0), Potential([0.0, 0.0], weight=5.0)],
        terminal=lambda x: x[0] ** 2,
    )
    scale = Scale(np.zeros(2), 4.0)
    start = jnp.asarray(problem.start.draw(0, 20_000)) / 4
    cost, missed = simulated_cost(
        jax.random.key(0), lambda t, z: -z, problem, scale, start, None, 0.0, 400
    )
    squared = 8 * (1 - np.exp(-2)) / 2  # integral of E |x|^2
    entropy = -2 * (0.5 * np.log(2 * np.pi * np.e) + np.log(2.0)) + 1.0
    expected = 0.5 * squared + 2.5 * squared + 3 * entropy + 4 * np.exp(-2)
    # Terms of about 10 cancel: a hundredth of them is allowed.
    assert float(cost) == pytest.approx(expected, abs=0.1)
    assert float(missed) == 0


def test_energy_distance_tells_distributions_apart():
    rng = np.random.default_rng(0)
    x, y = (jnp.asarray(rng.normal(size=(2000, 2))) for _ in range(2))
    assert abs(float(energy_distance(x, y))) < 5e-3
    # Far away it is twice the distance, less the spread within each.
    far = float(energy_distance(x, y + jnp.array([[100.0, 0.0]])))
    assert far == pytest.approx(200 - 2 * np.sqrt(np.pi), abs=0.1)


@pytest.mark.slow
# After 20 steps paths still hit the obstacles.
@pytest.mark.filterwarnings("ignore::conservax.control.ObstacleWarning")
def test_a_table_of_one_task(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.papers._control._QUICK_STEPS", 20)
    out = tmp_path / "control"
    with pytest.raises(SystemExit, match="0"):
        main(["control", "--quick", "--rows", "vneck", "--out", str(out), "--json"])
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["task"] == "vneck"
    assert row["simulated"] > 0
    curve = pd.read_csv(out / "curve-vneck.csv")
    assert set(curve["method"]) == {"law", "simulation"}
    assert (out / "vneck.png").exists()


def test_unknown_tasks_are_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["control", "--rows", "maze"])
    assert "expected --rows of worlds" in " ".join(capsys.readouterr().err.split())

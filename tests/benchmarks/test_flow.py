"""The table of flows: what its rows and claims are of a few lines."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from benchmarks._flow_sets import flow_tasks
from benchmarks._simulation_peer import Simulation, _solved, fit_by_simulation
from benchmarks.flow import claims, farthest, is_unsuited, summary
from benchmarks.flow_growth import exponents
from conservax.check import Population, TransportMethod
from conservax.data import read_table

FIGURES = ("w1", "w2", "direct_w1", "displacement", "seconds", "transport_seconds", "memory")


def line(name, model, seed=0, task="one", **figures):
    given = dict.fromkeys(FIGURES, 1.0) | {"exact": 2.0, "farthest": 1.5} | figures
    return {"set": name, "task": task, "model": model, "seed": seed} | given


def claimed(*lines):
    return {claim.name: claim for claim in claims(summary(pd.DataFrame(lines)))}


def test_rows_are_means_over_tasks_but_of_the_plane():
    lines = [
        line("leave-one-out", "flow", seed, task, w1=seed + (task == "b"), farthest=seed)
        for seed in (1, 2)
        for task in ("a", "b")
    ]
    lines += [line("plane", "flow", task=task, displacement=2.2) for task in ("a", "b")]
    table = summary(pd.DataFrame(lines))
    assert list(table["task"]) == ["all", "a", "b"]
    assert table["w1"][0] == 2.0
    assert table["w1_deviation"][0] == pytest.approx(np.sqrt(0.5))
    assert table["farthest"][0] == 2
    assert table["cost"][1] == pytest.approx(0.1)


def test_the_better_peer_counts():
    found = claimed(
        line("eb", "flow", w1=0.8),
        line("eb", "OT-CFM", w1=1.0),
        line("eb", "OT-CFM, 1000 steps", w1=0.5),
    )
    assert found["transported W1 over that of OT-CFM, eb"].value == pytest.approx(1.6)
    assert not found["transported W1 over that of OT-CFM, eb"].passed
    assert not found["transported W1, embryoid body"].passed


def test_claims_are_of_the_settings_that_were_chosen():
    found = claimed(
        line("eb", "flow, all cells", w1=0.7),
        line("eb", "flow", w1=0.9),
        line("eb-50", "flow, all cells", w1=6.0),
        line("eb-50", "flow", w1=7.0),
    )
    assert found["transported W1, embryoid body"].value == 0.7
    assert found["transported W1, 50 components"].value == 7.0
    alone = claimed(line("eb", "flow", w1=0.9))
    assert alone["transported W1, embryoid body"].value == 0.9


def test_a_cell_that_is_lost_fails_the_claim():
    (task,) = flow_tasks("branching", 0)
    lost = Population(
        None, {"map": TransportMethod(lambda x, s, t, seed: x * [1, 1, 1, 1, np.nan])}
    )
    far = farthest(lost, task)
    assert np.isnan(far)
    found = claimed(line("branching", "flow", farthest=far), line("eb", "flow"))
    assert not found["farthest transported cell, half-ranges"].passed


def test_cells_are_transported_along_a_drift_both_ways():
    class Turning(eqx.Module):
        def __call__(self, t, z):
            return 2 * t * jnp.array([-z[1], z[0]])

    x = jnp.array([[1.0, 0.0], [0.0, 2.0]])
    turned = jnp.array([[np.cos(1), np.sin(1)], [-2 * np.sin(1), 2 * np.cos(1)]])
    np.testing.assert_allclose(_solved(Turning(), x, jnp.array([0.0, 1.0])), turned, atol=1e-5)
    np.testing.assert_allclose(_solved(Turning(), turned, jnp.array([1.0, 0.0])), x, atol=1e-5)


@pytest.mark.slow
def test_training_by_simulation_moves_one_snapshot_to_the_other():
    rng = np.random.default_rng(0)
    first, last = rng.normal(size=(2, 1000, 2)) + np.array([[[5.0, 1.0]], [[9.0, 1.0]]])
    table = read_table((np.repeat([2.0, 4.0], 1000), np.concatenate([first, last])))
    population, seconds = fit_by_simulation(table, Simulation(seconds=8.0), seed=0)
    assert seconds >= 8
    moved = population.methods["ODE"].transport(first, 2.0, 4.0, 0)
    np.testing.assert_allclose(moved.mean(axis=0), last.mean(axis=0), atol=0.2)
    back = population.methods["ODE"].transport(moved, 4.0, 2.0, 0)
    np.testing.assert_allclose(back, first, atol=0.01)
    with pytest.raises(ValueError, match="two snapshots"):
        fit_by_simulation(table.take(np.arange(10)), Simulation(), seed=0)


def test_training_by_simulation_is_of_two_snapshots():
    (normals,), (branching,) = flow_tasks("normals-10", 0), flow_tasks("branching", 0)
    assert not is_unsuited("simulation", normals)
    assert is_unsuited("simulation", branching)
    assert not is_unsuited("flow", branching)


def test_exponents_are_of_the_two_largest_sizes():
    rows = [
        {"dim": dim, "rows": 1024, "layers": 8, "program": "sample", "milliseconds": took}
        for dim, took in ((20, 9.0), (50, 2.0), (100, 8.0))
    ]
    (claim,) = exponents(rows, {"dim": (20, 50, 100)})
    assert claim.value == pytest.approx(2.0)
    assert claim.name == "sample, exponent of dim"

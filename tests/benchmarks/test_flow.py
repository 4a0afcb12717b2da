"""The table of flows: what its rows and claims are of a few lines."""

import numpy as np
import pandas as pd
import pytest

from benchmarks._flow_sets import flow_tasks
from benchmarks.flow import claims, farthest, summary
from conservax.check import Population, TransportMethod

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

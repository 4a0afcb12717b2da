"""Benchmarks of fields: claims, and known values."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from benchmarks import divfree as divfree_benchmark
from benchmarks.__main__ import main
from benchmarks.claim import Claim
from benchmarks.papers import _divergence_free as divfree
from benchmarks.papers import _fokker_planck as evolution
from benchmarks.papers import _hodge as hodge
from benchmarks.papers._drawn import Drawn
from benchmarks.papers._fokker_planck_cases import EVOLUTIONS
from conservax.field import Torus
from conservax.objective import CollocationPoints, FieldResidual


@pytest.mark.parametrize("name", divfree.FLOWS)
def test_the_flows_to_fit_have_no_divergence(name):
    dim, flow = divfree.FLOWS[name]
    x = CollocationPoints(Torus(2 * np.pi), dim, 10)(jax.random.key(0))[1]
    jacobian = jax.vmap(jax.jacfwd(flow))(x)
    assert np.max(np.abs(jacobian)) > 0.5
    np.testing.assert_allclose(np.trace(jacobian, axis1=1, axis2=2), 0, atol=1e-14)


def test_points_of_a_spread_fill_space_and_time():
    t, x = CollocationPoints(Torus(3.0), 2, 4000, until=0.5)(jax.random.key(0))
    np.testing.assert_allclose(np.sort(t), np.linspace(0, 0.5, 4000), atol=2e-4)
    np.testing.assert_allclose(np.mean(x, axis=0), 1.5, atol=0.05)
    assert np.max(x) <= 3
    assert abs(np.corrcoef(t, x[:, 0])[0, 1]) < 0.05


def test_the_error_of_a_field_is_its_mean_square():
    at = CollocationPoints(Torus(2 * np.pi), 2, 20000)
    still = lambda t, x: jnp.zeros(2)  # noqa: E731
    error = FieldResidual(divfree.taylor_green, at)(jax.random.key(0), still, None)
    np.testing.assert_allclose(error, 0.5, rtol=0.02)


@pytest.mark.parametrize("quick", [True, False])
def test_a_missed_claim_is_an_exit_code(quick, tmp_path, monkeypatch, capsys):
    claims = (Claim("small", 0.5, 1.0), Claim("large", 2.0, 1.0))
    found = Drawn(pd.DataFrame({"a": [1.0]}), claims, "published", lambda p: p.write_text("x"))
    monkeypatch.setattr(divfree_benchmark, "bench_divfree", lambda **more: found)
    arguments = ["divfree", "--out", str(tmp_path / "out"), "--json"]
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--quick"] if quick else arguments)
    assert stop.value.code == (0 if quick else 1)
    said = json.loads(capsys.readouterr().out)
    assert [claim["passed"] for claim in said["claims"]] == [True, False]
    assert pd.read_csv(tmp_path / "out" / "metrics.csv")["a"].tolist() == [1.0]
    assert (tmp_path / "out" / "picture.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["divfree", "--seeds", "3"], "unrecognized arguments: --seeds 3"),
        (["divfree", "--rows", "25"], "unrecognized arguments: --rows 25"),
        (["hodge", "--rows", "26"], "expected --rows of 25, 50, 100"),
        (["transport2d", "--rows", "moons"], "two densities or more of circles"),
        (["transport2d", "--rows", "moons", "ring"], r"got ['ring']"),
    ],
)
def test_rows_and_options_that_a_table_lacks_are_refused(arguments, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--out", str(tmp_path / "out")])
    assert stop.value.code == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_rows_choose_what_is_learned(monkeypatch):
    learned = []

    def learn(dim, **more):
        learned.append(dim)
        return [{"dim": dim, "step": 1, "seconds": 1.0, "error": 0.07}]

    monkeypatch.setattr(hodge, "learn_hodge", learn)
    found = hodge.bench_hodge(["100", "25"])
    assert learned == [100, 25]
    assert [claim.passed for claim in found.claims] == [True, False]
    hodge.bench_hodge()
    hodge.bench_hodge(quick=True)
    assert learned[2:] == [25, 50, 100, 25, 50]


@pytest.mark.parametrize("settings", [hodge.HodgeSettings(3), hodge.HodgeSettings(3, 8)])
def test_a_curve_says_what_learned_it(settings, monkeypatch, tmp_path):
    monkeypatch.setitem(hodge.QUICK, 3, settings)
    monkeypatch.setitem(hodge.HODGE_LIMITS, 3, 0.1)
    found = hodge.bench_hodge(["3"], quick=True)
    assert set(found.frame["field"]) == {"Fourier" if settings.width is None else "matrix, 8 units"}
    assert not found.claims[0].passed  # after three steps
    found.draw(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", divfree.FLOWS)
def test_a_matrix_field_can_be_a_given_flow(name):
    assert divfree.fit_flow_to(name, "matrix", quick=True)["error"] < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", ["heat, 1-D", "Ornstein-Uhlenbeck, 2-D", "Landau (BKW), 2-D"])
def test_an_equation_is_solved(name, seed):
    case = EVOLUTIONS[name]
    law = evolution.solve(case, evolution.QUICK, seed)
    for metrics in evolution.errors(law, case).values():
        assert metrics["error"] < case.limit
        assert metrics["mass error"] < 1e-6


def test_the_parts_of_the_target_have_a_mean_square_of_one():
    problem = hodge.hodge_problem(4, jax.random.key(1))
    x = CollocationPoints(hodge.TORUS, 4, 2000)(jax.random.key(0))[1]
    whole, rotating = (
        np.asarray(jax.jit(jax.vmap(lambda x, part=part: part(x)))(x))
        for part in (problem.target, problem.divergence_free)
    )
    for part in (rotating, whole - rotating):
        np.testing.assert_allclose(np.mean(np.sum(part**2, axis=1)), 1, rtol=0.1)
    # Orthogonal on the torus, up to the points that are looked at.
    assert abs(np.mean(np.sum((whole - rotating) * rotating, axis=1))) < 0.1

"""Fits to snapshots: equal weights, and times left out."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import conservax
from conservax import HoldOut, Stage, Training
from conservax.data import DataError
from conservax.objective import NegativeLogLikelihood, Rows
from conservax.scoring import scores_by_time
from conservax.train import train
from oracles import factorized

MODEL = {"width": 8, "components": 2}
TRAINING = {"steps": 200, "batch_size": 64, "learning_rate": 1e-2, "noise": 0.0}
HOW = {"time": "t", "columns": ["x"], "model": MODEL, "training": TRAINING}
STREAMED = HOW | {"training": TRAINING | {"memory_rows": 10}}
SHORT = HOW | {"training": TRAINING | {"steps": 10}}
SIZES = {0.0: 300, 1.0: 60, 2.0: 20}


def snapshots(sizes=SIZES, seed=0):
    rng = np.random.default_rng(seed)
    t = np.repeat(list(sizes), list(sizes.values()))
    return pd.DataFrame({"t": t, "x": 10 * t + rng.normal(size=len(t))})


@pytest.fixture(scope="module")
def run(quick_fit, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    quick_fit(snapshots(), out=out, **HOW)
    return out


def test_the_objective_of_a_fit_is_the_mean_over_snapshots(run):
    model = conservax.load(run)
    held = model.split.validation
    nll = -model.log_prob(held.t, held.x) - model.units.log_volume
    expected = np.mean([nll[held.t == t].mean() for t in SIZES])
    assert model.metrics["validation"].min() == pytest.approx(expected, abs=1e-4)
    assert abs(nll.mean() - expected) > 1e-3


def test_equal_snapshots_need_no_weights(quick_fit):
    model = quick_fit(snapshots(dict.fromkeys(SIZES, 40)), **SHORT)
    assert model.settings.equal_snapshots is False
    assert quick_fit(snapshots(), **SHORT).settings.equal_snapshots


def test_weights_are_kept_where_a_run_was_interrupted(run, quick_fit, tmp_path):
    def stop(report):
        raise KeyboardInterrupt

    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        quick_fit(snapshots(), out=out, on_chunk=stop, **HOW)
    conservax.resume(out)
    assert (out / "metrics.csv").read_bytes() == (run / "metrics.csv").read_bytes()


@pytest.mark.parametrize("ensemble", [1, 2])
def test_training_takes_weights_with_noise_pieces_and_conditions(ensemble):
    law = conservax.ConservationLaw(factorized(1, condition_dim=2), conservax.flux.FactorizedFlux())
    x = jax.random.normal(jax.random.key(0), (3000, 1))
    weight = jnp.where(jnp.arange(3000) % 2 == 0, 1.8, 0.2)
    rows = Rows(jnp.full(3000, 0.5), x, jnp.ones((3000, 2)), weight)
    stages = (Stage(4, NegativeLogLikelihood()),)
    training = Training(batch_size=8, noise=0.1, time_noise=0.1, chunk=2, ensemble=ensemble)
    how = {"key": jax.random.key(1), "validation": rows, "training": training}
    trained = train(law, rows, stages, **how)
    each = -jax.vmap(trained.law.log_prob)(rows.t, rows.x, rows.condition)
    last = trained.metrics.query("member == @trained.member")["validation"].min()
    assert last == pytest.approx(float(jnp.mean(weight * each)), rel=1e-6)


def test_weights_of_a_stream(quick_fit, tmp_path):
    snapshots({t: 5 * size for t, size in SIZES.items()}).to_parquet(tmp_path / "rows.parquet")
    with pytest.warns(UserWarning, match="a batch at a time"):
        model = quick_fit(tmp_path / "rows.parquet", **STREAMED)
    held = model.split.validation
    nll = -model.log_prob(held.t, held.x) - model.units.log_volume
    expected = np.mean([nll[held.t == t].mean() for t in SIZES])
    assert model.metrics["validation"].min() == pytest.approx(expected, abs=1e-4)


@pytest.fixture(scope="module")
def without_one(quick_fit):
    return quick_fit(snapshots(), holdout=HoldOut(test=0.1, leave_out=[1]), **HOW)


def test_a_time_left_out_is_for_the_test_alone(without_one):
    train_, validation, test = without_one.split
    assert set(train_.t) == set(validation.t) == {0, 2}
    assert (test.t == 1).sum() == 60
    assert (test.t == 0).sum() == 30
    assert (np.diff(test.t) >= 0).all()
    assert without_one.settings.left_out == (1.0,)
    assert without_one.settings.fitted == (0.0, 2.0)


def test_the_model_covers_times_left_out_at_its_ends(quick_fit):
    model = quick_fit(snapshots(), holdout=HoldOut(leave_out=2), **SHORT)
    assert (model.units.time.start, model.units.time.end) == (0, 2)
    assert model.units.mean[0] < 5  # of training rows alone
    model.sample(1.0, 2)
    with pytest.warns(conservax.ExtrapolationWarning, match="= 2 is outside .* from 0 to 1"):
        model.sample(2.0, 2)


def test_scores_by_time_mark_what_was_left_out(without_one):
    test = without_one.split.test
    found = scores_by_time(without_one, test)
    assert [(score.time, score.rows, score.left_out) for score in found] == [
        ("0", 30, False),
        ("1", 60, True),
        ("2", 2, False),
    ]
    nll = -without_one.log_prob(test.t, test.x)
    assert found[1].raw == pytest.approx(nll[test.t == 1].mean())
    assert found[1].standardised == pytest.approx(found[1].raw - without_one.units.log_volume)
    names = {"Normal per snapshot", "Gaussian mixture per snapshot"}
    for score in found:
        assert set(score.baselines) == names
    assert sum(s.raw * s.rows for s in found) / len(test) == pytest.approx(nll.mean())


def test_times_are_not_left_out_of_windows_or_streams(quick_fit, tmp_path):
    frame = snapshots()
    frame.to_parquet(tmp_path / "rows.parquet")
    events = conservax.data.read_events(frame, time="t", columns=["x"], window=1.0)
    with pytest.raises(DataError, match="expected a table in memory"):
        quick_fit(events, holdout=HoldOut(leave_out=[1]))
    with (
        pytest.warns(UserWarning, match="a batch at a time"),
        pytest.raises(DataError, match="expected a table in memory"),
    ):
        quick_fit(tmp_path / "rows.parquet", holdout=HoldOut(leave_out=[1]), **STREAMED)


@pytest.mark.parametrize(
    ("times", "words"),
    [([3], "There are 0, 1, 2"), ([0, 1, 2], "got all 3"), ([1, 2], "two different times")],
)
def test_too_little_may_not_be_left(quick_fit, times, words):
    with pytest.raises(DataError, match=words):
        quick_fit(snapshots(), holdout=HoldOut(leave_out=times), **HOW)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (3.0, "function v.*got a float"),
        (lambda x: -x, r"v\(t, x\).*one that fails"),
        (lambda t, x: x[:0], r"shape \(1,\); got \(0,\)"),
    ],
)
def test_a_reference_is_a_function_of_time_and_position(quick_fit, reference, words):
    model = MODEL | {"reference": reference, "diffusion": 0.3, "kinetic_weight": 1.0}
    with pytest.raises(DataError, match=words):
        quick_fit(snapshots(), **HOW | {"model": model})

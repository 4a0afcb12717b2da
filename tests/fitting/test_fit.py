"""What `fit` takes, what it makes of it, and what it refuses."""

import jax
import numpy as np
import pandas as pd
import pytest

import conservax
from conservax import DataError, HoldOut, Stage, Training, density, objective
from conservax.fitting import open_run
from conservax.models import Custom, KernelMixture, Trajectories

NAMES = {"time": "when", "columns": ["km", "mg"]}
ONE = {"time": "when", "columns": ["km"]}
KERNELS = KernelMixture(components=3, kinetic_weight=0.0)


def test_rescaled_columns_give_the_same_model(model, quick_fit, drifting):
    other = drifting()
    other["km"] *= 1000
    rescaled = quick_fit(other, holdout=HoldOut(test=0.2), **NAMES)
    x = model.sample("2024-01-05", 10)
    expected = model.log_prob("2024-01-05", x) - np.log(1000)
    got = rescaled.log_prob("2024-01-05", x * np.array([1000, 1]))
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_every_kind_of_table_gives_the_same_model(model, quick_fit, drifting, tmp_path):
    frame = drifting()
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    x = model.sample("2024-01-05", 10)
    expected = model.log_prob("2024-01-05", x)
    for source in (tmp_path / "t.parquet", tmp_path / "t.csv", dict(frame.items())):
        same = quick_fit(source, holdout=HoldOut(test=0.2), **NAMES)
        np.testing.assert_allclose(same.log_prob("2024-01-05", x), expected, atol=1e-3)


def test_own_parts_and_stages():
    nll = objective.NegativeLogLikelihood()
    model = conservax.fit(
        (np.repeat([0.0, 1.0], 60), np.random.default_rng(0).normal(size=(120, 3))),
        model=Custom(
            build=lambda key: density.Factorized(3, components=2, width=8, depth=1, key=key),
            flux=conservax.flux.FactorizedFlux(),
            diffusion=lambda t: 0.1 + t,
        ),
        objective=[Stage(10, nll), Stage(10, nll + objective.KineticEnergy())],
        training=Training(progress=False),
    )
    assert model.settings.objective == "10 steps of nll, then 10 steps of nll + kinetic"
    assert model.settings.training.steps == 20
    x = model.sample(0.5, 4)
    difference = model.drift(0.5, x) - model.velocity(0.5, x)
    variance = np.array(model.units.std) ** 2
    np.testing.assert_allclose(
        difference, 0.5 * 0.36 * model.score(0.5, x) * 1.0 * variance, rtol=1e-4
    )


def test_stages_have_their_own_steps(drifting):
    stages = [Stage(10, objective.NegativeLogLikelihood())]
    with pytest.raises(DataError, match="steps of the stages alone; got steps=20 too"):
        conservax.fit(drifting(), objective=stages, training=Training(steps=20), **ONE)


def test_a_model_has_a_name_or_settings(quick_fit, drifting):
    named = quick_fit(drifting(40), model="kernel-mixture", training={"steps": 2}, **ONE)
    assert named.settings.model == KernelMixture()
    with pytest.raises(DataError, match=r"expected a model of .*'autoregressive'.*got 'gaussian'"):
        quick_fit(drifting(), model="gaussian", **ONE)
    for wrong in (KernelMixture, 3, lambda key: None):
        with pytest.raises(TypeError, match=r"expected a model of conservax\.models"):
            quick_fit(drifting(), model=wrong, **ONE)


@pytest.mark.parametrize(
    "make",
    [
        lambda: KernelMixture(width=16),
        lambda: KernelMixture(depth=1),
        lambda: Trajectories(growth_weight=0.1),
        lambda: Trajectories(total_mass={0: 1, 1: 2}),
        lambda: Trajectories(max_frequency=1.0),
        lambda: Custom(build=lambda key: None, components=3),
        lambda: Custom(),
        lambda: HoldOut(split_by="time"),
    ],
)
def test_settings_without_effect_are_refused(make):
    with pytest.raises(TypeError, match="argument"):
        make()


def test_a_failed_fit_leaves_the_old_run_alone(quick_fit, drifting, tmp_path):
    out = tmp_path / "run"
    quick_fit(drifting(), out=out, **ONE)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    wrong = Custom(build=lambda key: density.Factorized(3, key=key))
    with pytest.raises(DataError, match="density of dim 1"):
        quick_fit(drifting(), model=wrong, out=out, force=True, **ONE)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: KernelMixture(flux=conservax.flux.SigmoidCancellation),
            r"KnotheRosenblatt\(\); got the class",
        ),
        (
            lambda: Custom(build=density.Factorized(1, width=8, key=jax.random.key(0))),
            "expected build as a function of a random key",
        ),
        (lambda: Custom(build=density.Factorized), "expected build as a function of a random key"),
        (
            lambda: KernelMixture(divergence_free=conservax.field.MatrixField),
            "expected divergence_free as a function of a random key",
        ),
    ],
)
def test_parts_of_the_wrong_kind_are_refused(make, words):
    with pytest.raises(TypeError, match=words):
        make()


def test_an_objective_of_the_wrong_kind_is_refused(quick_fit, drifting):
    with pytest.raises(TypeError, match="got the class KineticEnergy"):
        quick_fit(
            drifting(), model={"kinetic_weight": None}, objective=objective.KineticEnergy, **ONE
        )


def test_a_weight_beside_the_objective_that_replaces_it_is_refused(quick_fit, drifting):
    nll = objective.NegativeLogLikelihood()
    with pytest.raises(DataError, match="expected kinetic_weight without an objective"):
        quick_fit(drifting(), model={"kinetic_weight": 0.1}, objective=nll, **ONE)


def test_a_density_that_wants_a_condition_is_refused(quick_fit, drifting):
    wanting = Custom(build=lambda key: density.Factorized(1, condition_dim=2, key=key))
    with pytest.raises(DataError, match="without condition"):
        quick_fit(drifting(), model=wanting, **ONE)


def test_a_density_of_the_wrong_dimension_is_refused(quick_fit, drifting):
    wrong = Custom(build=lambda key: density.Factorized(3, key=key))
    with pytest.raises(DataError, match="density of dim 2"):
        quick_fit(drifting(), model=wrong, **NAMES)


def test_windows_of_events_are_superimposed(quick_fit, quakes):
    events = conservax.data.read_events(quakes(), window="10d", **NAMES)
    model = quick_fit(events, model=KERNELS, holdout=HoldOut(test=0.2, by="time"))
    assert model.units.time.name == "days of when"
    assert (model.units.time.start, model.units.time.end) == (0, 10)
    assert len(model.split.test) == (events.sequence >= events.sequences - 2).sum()
    late = model.read(quakes(seed=1))
    assert late.t.max() <= 10
    assert np.all(np.isfinite(model.log_prob(late.t, late.x)))


def test_a_table_is_not_held_out_by_time(quick_fit, drifting):
    with pytest.raises(DataError, match="windows of events to split by time; got a table"):
        quick_fit(drifting(), holdout=HoldOut(test=0.2, by="time"), **ONE)


def test_a_split_of_your_own_is_taken_as_it_is(quick_fit, quakes):
    events = conservax.data.read_events(quakes(), window="10d", **ONE)
    parts = conservax.data.split_events(events, validation=0.3, test=0.2, seed=5)
    model = quick_fit(parts)
    assert [len(part) for part in model.split] == [len(part) for part in parts]


def test_ensemble_members_share_one_run(quick_fit, drifting, tmp_path):
    model = quick_fit(drifting(), training={"ensemble": 2}, out=tmp_path / "run", **ONE)
    metrics = pd.read_csv(tmp_path / "run" / "metrics.csv")
    assert set(metrics["member"]) == {0, 1}
    best = metrics.groupby("member")["validation"].min().idxmin()
    assert model.settings.outcome.best_member == best
    opened = open_run(tmp_path / "run")
    assert len(opened.split.train) == len(model.split.train)


def test_a_fit_stops_where_on_chunk_says_true(quick_fit, drifting, tmp_path):
    seen = []

    def on_chunk(report):
        seen.append(report)
        return report.step >= 20

    how = {"training": {"chunk": 10, "steps": 50}, **ONE}
    model = quick_fit(drifting(), on_chunk=on_chunk, out=tmp_path / "run", **how)
    assert [report.step for report in seen] == [10, 20]
    assert set(seen[0].parts) == {"nll"}
    outcome = model.settings.outcome
    assert (outcome.steps, outcome.stopped_early) == (20, True)
    assert model.settings.training.steps == 50  # as requested
    assert (tmp_path / "run" / "model.conservax").is_file()
    assert model.metrics["step"].tolist() == [10, 20]


def test_settings_hold_what_was_chosen(model):
    training = model.settings.training
    assert (training.steps, training.batch_size, training.learning_rate) == (30, 32, 2e-3)
    assert training.patience == 1000
    assert training.noise > 0
    assert training.time_noise > 0
    assert model.settings.holdout == HoldOut(test=0.2)
    assert model.settings.rows == 300
    assert model.settings.own == ()

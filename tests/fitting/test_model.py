"""A model in the units of its table."""

import dataclasses
import warnings

import equinox as eqx
import numpy as np
import pandas as pd
import pytest

import conservax
from conservax.data import DataError
from conservax.model import ExtrapolationWarning
from conservax.models import Autoregressive
from conservax.scoring import scores
from oracles import Compilations


def grid(model, n=161):
    mean, std = np.array(model.units.mean), np.array(model.units.std)
    axes = [np.linspace(m - 12 * s, m + 12 * s, n) for m, s in zip(mean, std, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    return points, (axes[0][1] - axes[0][0]) * (axes[1][1] - axes[1][0])


def test_density_integrates_to_one_in_the_units_of_the_table(model):
    points, cell = grid(model)
    mass = np.exp(model.log_prob("2024-01-04", points)).sum() * cell
    assert mass == pytest.approx(1, abs=2e-3)


def test_velocity_is_displacement_per_day(model):
    x = model.sample("2024-01-05", 50)
    hours = 3
    before = model.transport(x, "2024-01-05", f"2024-01-04T{24 - hours}:00")
    after = model.transport(x, "2024-01-05", f"2024-01-05T0{hours}:00")
    slope = (after - before) / (2 * hours / 24)
    scale = np.array(model.units.std) / model.units.time.scale
    velocity = model.velocity("2024-01-05", x)
    np.testing.assert_allclose(slope / scale, velocity / scale, atol=0.02)


def test_score_is_the_slope_of_log_prob(model):
    x = model.sample("2024-01-05", 20)
    for i, std in enumerate(model.units.std):
        step = np.eye(2)[i] * std * 1e-4
        up, down = model.log_prob("2024-01-05", x + step), model.log_prob("2024-01-05", x - step)
        slope = (up - down) / (2e-4 * std)
        np.testing.assert_allclose(
            slope * std, model.score("2024-01-05", x)[:, i] * std, atol=2e-2, rtol=2e-2
        )


def test_transport_there_and_back(model):
    x = model.sample("2024-01-02", 40)
    there = model.transport(x, "2024-01-02", "2024-01-09")
    back = model.transport(there, "2024-01-09", "2024-01-02")
    std = np.array(model.units.std)
    np.testing.assert_allclose(back / std, x / std, atol=1e-2)
    noisy = model.transport(x, "2024-01-02", "2024-01-09", diffusion=0.5)
    assert np.abs((noisy - there) / std).max() > 0.1


def test_file_and_model_agree(model, tmp_path):
    model.save(tmp_path / "m.conservax")
    again = conservax.load(tmp_path / "m.conservax")
    x = model.sample("2024-01-05", 10, seed=3)
    np.testing.assert_array_equal(again.sample("2024-01-05", 10, seed=3), x)
    np.testing.assert_array_equal(again.log_prob("2024-01-05", x), model.log_prob("2024-01-05", x))
    pd.testing.assert_frame_equal(again.metrics, model.metrics, check_dtype=False)
    assert again.settings == model.settings
    assert isinstance(again.settings.model, Autoregressive)
    for part in ("training", "holdout", "outcome"):
        assert dataclasses.is_dataclass(getattr(again.settings, part))
    assert again.split is None
    assert repr(again) == repr(model)
    with pytest.raises(DataError, match="force"):
        model.save(tmp_path / "m.conservax")


def test_times_beyond_the_fitted_range_are_warned_of(model):
    with pytest.warns(ExtrapolationWarning, match="2024-02-01 is outside the fitted range"):
        model.sample("2024-02-01", 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.sample("2024-01-10", 3)


def test_one_time_a_row(model):
    x = model.sample(["2024-01-02", "2024-01-09"])
    both = model.log_prob(["2024-01-02", "2024-01-09"], x)
    assert both[1] == pytest.approx(model.log_prob("2024-01-09", x[1])[0], abs=1e-5)
    with pytest.raises(DataError, match="2 times, one per row"):
        model.log_prob(["2024-01-02"] * 3, x)
    with pytest.raises(DataError, match=r"shape \(\.\.\., 2\)"):
        model.log_prob("2024-01-02", np.zeros((4, 3)))
    with pytest.raises(DataError, match="time 'when'"):
        model.log_prob("yesterday", x)


def test_check_and_scores_of_a_model(model):
    found = scores(model, model.split.test)
    names = [score.name for score in found]
    assert names[0].lower() == "this model"
    assert len(names) >= 3
    frame = model.scores()  # of the test rows
    assert frame["model"].tolist() == names
    assert frame["nll"].tolist() == [score.standardised for score in found]
    assert frame["nll_raw"].tolist() == [score.raw for score in found]
    assert frame["difference"].tolist() == [score.this_model_better_by for score in found]
    pd.testing.assert_frame_equal(model.scores(model.split.test), frame)
    report = model.check()
    assert {result.name for result in report.results}


def test_calibration_of_the_models_own_draws_is_uniform(model):
    from scipy.stats import kstest

    held = model.split.test
    t = model.units.time.to_column(np.repeat(held.t, 20))
    own = conservax.data.Table(
        np.repeat(held.t, 20), model.sample(t), held.columns, "when", "timestamp", "draws"
    )
    u = model.calibration(own)
    assert min(kstest(u[:, i], "uniform").pvalue for i in range(2)) > 1e-3


def test_data_frames_are_read_by_name(model):
    x = model.sample("2024-01-05", 3)
    frame = pd.DataFrame({"mg": x[:, 1], "km": x[:, 0]})
    expected = model.log_prob("2024-01-05", x)
    np.testing.assert_array_equal(model.log_prob("2024-01-05", frame), expected)
    with pytest.raises(DataError, match="expected columns"):
        model.log_prob("2024-01-05", frame.rename(columns={"mg": "g"}))


def test_many_lengths_of_samples_share_one_compilation(model):
    model.sample("2024-01-05", 128)
    with Compilations() as compilations:
        one, other = model.sample("2024-01-05", 100), model.sample("2024-01-05", 120)
    assert compilations.count == 0
    np.testing.assert_array_equal(one, other[:100])


def test_laws_are_arguments_of_compiled_code(model):
    """Another law of the same shape does not compile again."""
    x = model.sample("2024-01-05", 16)
    model.log_prob("2024-01-05", x)
    other = eqx.tree_at(
        lambda law: law.density.network.readout_bias,
        model.law,
        model.law.density.network.readout_bias + 1,
    )
    twin = conservax.Model(other, model.units, metrics=model.metrics)
    with Compilations() as compilations:
        twin.log_prob("2024-01-05", x)
    assert compilations.count == 0

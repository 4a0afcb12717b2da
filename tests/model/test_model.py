"""A model in the units of its table."""

import warnings
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from conservax.model._rows import BLOCK, over_rows

import conservax
from conservax import density, objective
from conservax.data import DataError
from conservax.fitting import open_run, smoothing
from conservax.model import ExtrapolationWarning
from conservax.score import scores
from oracles import Compilations

TINY = {
    "kinetic": 0.0,
    "steps": 30,
    "width": 16,
    "depth": 1,
    "components": 3,
    "batch_size": 32,
    "progress": False,
}
DAYS = pd.Timestamp("2024-01-01", tz="UTC")


def table(n=300, seed=0):
    """Points that drift to the right, in odd units, over ten days."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0, 10, n))
    return pd.DataFrame(
        {
            "when": DAYS + pd.to_timedelta(days, unit="D"),
            "km": 1000 + 50 * days + 100 * rng.normal(size=n),
            "mg": 1e-3 * rng.normal(size=n),
        }
    )


@pytest.fixture(scope="module")
def model():
    return conservax.fit(table(), time="when", columns=["km", "mg"], test=0.2, **TINY)


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
    pd.testing.assert_frame_equal(again.history, model.history, check_dtype=False)
    assert again.settings == model.settings
    assert again.split is None
    assert repr(again) == repr(model)
    with pytest.raises(DataError, match="--force"):
        model.save(tmp_path / "m.conservax")


def test_rescaled_columns_give_the_same_model(model):
    other = table()
    other["km"] *= 1000
    rescaled = conservax.fit(other, time="when", columns=["km", "mg"], test=0.2, **TINY)
    x = model.sample("2024-01-05", 10)
    expected = model.log_prob("2024-01-05", x) - np.log(1000)
    got = rescaled.log_prob("2024-01-05", x * np.array([1000, 1]))
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_every_kind_of_table_gives_the_same_model(model, tmp_path):
    frame = table()
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    x = model.sample("2024-01-05", 10)
    expected = model.log_prob("2024-01-05", x)
    for source in (tmp_path / "t.parquet", tmp_path / "t.csv", dict(frame.items())):
        same = conservax.fit(source, time="when", columns=["km", "mg"], test=0.2, **TINY)
        np.testing.assert_allclose(same.log_prob("2024-01-05", x), expected, atol=1e-3)


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
    with pytest.raises(DataError, match="2 times, one a row"):
        model.log_prob(["2024-01-02"] * 3, x)
    with pytest.raises(DataError, match=r"shape \(\.\.\., 2\)"):
        model.log_prob("2024-01-02", np.zeros((4, 3)))
    with pytest.raises(DataError, match="time 'when'"):
        model.log_prob("yesterday", x)


def test_check_and_scores_of_a_model(model):
    names = [score.name for score in scores(model, model.split.test)]
    assert names[0].lower() == "this model"
    assert len(names) >= 3
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


def test_own_parts_and_stages():
    nll = objective.NegativeLogLikelihood()
    model = conservax.fit(
        (np.repeat([0.0, 1.0], 60), np.random.default_rng(0).normal(size=(120, 3))),
        density=lambda key: density.Factorized(3, components=2, width=8, depth=1, key=key),
        flux=conservax.flux.FactorizedFlux(),
        objective=[conservax.Stage(10, nll), conservax.Stage(10, nll + objective.KineticEnergy())],
        diffusion=lambda t: 0.1 + t,
        progress=False,
    )
    assert model.settings["objective"] == "10 steps of nll, then 10 steps of nll + kinetic"
    x = model.sample(0.5, 4)
    difference = model.drift(0.5, x) - model.velocity(0.5, x)
    np.testing.assert_allclose(
        difference, 0.5 * 0.36 * model.score(0.5, x) * 1.0 * _var(model), rtol=1e-4
    )


def _var(model):
    return np.array(model.units.std) ** 2


class Reach(objective.AbstractObjective):
    """An objective of the user's own."""

    name: ClassVar[str] = "reach"

    def __call__(self, key, law, rows):
        return jnp.mean(jax.vmap(law.log_prob)(rows.t, rows.x) ** 2)


def test_a_run_with_an_objective_of_your_own_goes_on_when_it_is_given_again(tmp_path):
    want = objective.NegativeLogLikelihood() + 0.1 * Reach()
    out = tmp_path / "run"
    settings = TINY | {"kinetic": 0.01, "steps": 200}

    def last_of(path):
        return conservax.load(path).law

    conservax.fit(table(), time="when", columns=["km"], objective=want, out=out, **settings)
    whole = last_of(out)
    (out / "model.conservax").unlink()
    with pytest.raises(DataError, match="had its own objective"):
        conservax.resume(out, progress=False)
    conservax.resume(out, objective=want, progress=False)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(last_of(out)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_law_that_cannot_be_written_down_leaves_the_old_run_alone(tmp_path):
    out = tmp_path / "run"
    conservax.fit(table(), time="when", columns=["km"], out=out, **TINY)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(conservax.CodecError, match="a number as diffusion"):
        conservax.fit(
            table(), time="when", columns=["km"], out=out, force=True, diffusion=lambda t: t, **TINY
        )
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"flux": conservax.flux.SigmoidCancellation}, r"KnotheRosenblatt\(\); got the class"),
        ({"density": density.Factorized(1, key=jax.random.key(0))}, "function of a random key"),
        ({"divergence_free": conservax.field.MatrixField}, "function of a random key"),
        ({"objective": objective.KineticEnergy}, "got the class KineticEnergy"),
    ],
)
def test_parts_of_the_wrong_kind_are_refused(parts, words):
    with pytest.raises(TypeError, match=words):
        conservax.fit(table(), time="when", columns=["km"], **(TINY | parts))


def test_a_density_that_wants_a_condition_is_refused():
    with pytest.raises(DataError, match="without condition"):
        conservax.fit(
            table(),
            time="when",
            columns=["km"],
            density=lambda key: density.Factorized(1, condition_dim=2, key=key),
            **TINY,
        )


def quakes(n=400, seed=0):
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0, 100, n))
    return pd.DataFrame(
        {
            "when": DAYS + pd.to_timedelta(days, unit="D"),
            "km": 50 * (days % 10) + 20 * rng.normal(size=n),
            "mg": rng.choice([-1.0, 1.0], n) + 0.05 * rng.normal(size=n),
        }
    )


def test_windows_of_events_are_laid_on_top_of_one_another():
    events = conservax.data.read_events(quakes(), time="when", columns=["km", "mg"], window="10d")
    model = conservax.fit(events, test=0.2, split_by="time", density="bumps", **TINY)
    assert model.units.time.name == "days of when"
    assert (model.units.time.start, model.units.time.end) == (0, 10)
    assert len(model.split.test) == (events.sequence >= events.sequences - 2).sum()
    late = model.read(quakes(seed=1))
    assert late.t.max() <= 10
    assert np.all(np.isfinite(model.log_prob(late.t, late.x)))


def test_a_split_of_your_own_is_taken_as_it_is():
    events = conservax.data.read_events(quakes(), time="when", columns=["km"], window="10d")
    parts = conservax.data.split_events(events, validation=0.3, test=0.2, seed=5)
    model = conservax.fit(parts, **TINY)
    assert [len(part) for part in model.split] == [len(part) for part in parts]


def test_a_density_of_no_name_is_refused():
    with pytest.raises(DataError, match="autoregressive"):
        conservax.fit(table(), time="when", columns=["km"], density="gaussian", **TINY)


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


def test_a_density_of_the_wrong_dimension_is_refused():
    with pytest.raises(DataError, match="density of dim 2"):
        conservax.fit(
            table(),
            time="when",
            columns=["km", "mg"],
            density=lambda key: density.Factorized(3, key=key),
            progress=False,
        )


def test_members_share_one_run(tmp_path):
    model = conservax.fit(
        table(), time="when", columns=["km"], members=2, out=tmp_path / "run", **TINY
    )
    metrics = pd.read_csv(tmp_path / "run" / "metrics.csv")
    assert set(metrics["member"]) == {0, 1}
    best = metrics.groupby("member")["validation"].min().idxmin()
    assert model.settings["best_member"] == best
    opened = open_run(tmp_path / "run")
    assert len(opened.split.train) == len(model.split.train)


def test_smoothing_shrinks_with_rows_and_spares_snapshots():
    from conservax.data import Units, read_table, split

    def of(n, snapshots):
        rng = np.random.default_rng(0)
        t = rng.integers(0, 4, n).astype(float) if snapshots else rng.uniform(size=n)
        rows = read_table((t, rng.normal(size=(n, 2))))
        parts = split(rows, validation=0.2, seed=0)
        return smoothing(parts, Units.of(parts.train))

    few, many = of(300, False), of(30_000, False)
    assert 0 < many[0] < 0.5 * few[0]
    assert 0 < many[1] < few[1] <= 0.3
    assert of(300, True)[1] == 0


def test_noise_of_snapshots_is_in_units_of_each_and_half_as_wide_where_whitened():
    from conservax.data import Units, read_table, split

    def of(apart, whitened=False):
        rng = np.random.default_rng(0)
        t = np.repeat(np.arange(4.0), 100)
        x = rng.normal(size=(400, 2)) * (1 + t[:, None]) + apart * t[:, None]
        parts = split(read_table((t, x)), validation=0.2, seed=0)
        return smoothing(parts, Units.of(parts.train), whitened=whitened)[0]

    assert of(0) > 0
    assert of(100) == pytest.approx(of(0))  # the distance between snapshots is no spread
    assert of(0, whitened=True) == pytest.approx(of(0) / 2)


def test_rows_in_blocks_are_rows_one_by_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BLOCK + 77, 2))
    function = jax.tree_util.Partial(lambda a, x: a * x.sum(), 3.0)
    np.testing.assert_allclose(over_rows(function, x), 3 * x.sum(1))
    assert over_rows(function, x[:0]).shape == (0,)


def test_laws_are_arguments_of_compiled_code(model):
    """Another law of the same shape does not compile again."""
    x = model.sample("2024-01-05", 16)
    model.log_prob("2024-01-05", x)
    other = eqx.tree_at(
        lambda law: law.density.network.readout_bias,
        model.law,
        model.law.density.network.readout_bias + 1,
    )
    twin = conservax.Model(other, model.units, history=model.history, settings={})
    with Compilations() as compilations:
        twin.log_prob("2024-01-05", x)
    assert compilations.count == 0

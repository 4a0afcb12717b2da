"""Growth in the user's units: found where it is, exact about the mass, kept by the file."""

import numpy as np
import pandas as pd
import pytest

import conservax
from conservax import DataError
from conservax.data import Units, read_table
from conservax.fitting._growing import least_motion
from conservax.flux import FactorizedFlux, MixtureFlux
from conservax.models import Autoregressive
from conservax.objective import NegativeLogLikelihood

FAST = {"steps": 3, "batch_size": 64}
LIKE_OTHERS = {"components": None, "kinetic_weight": None}


def two_clones(rows=1500, seed=0):
    """Clone a stays at -2 and keeps its number, clone b at 2 has three times as many at day 10."""
    rng, frames = np.random.default_rng(seed), []
    for day, fraction in ((0, 0.5), (10, 0.75)):
        b = rng.random(rows) < fraction
        position = np.where(b, 2.0, -2.0) + 0.3 * rng.normal(size=rows)
        frames.append(pd.DataFrame({"day": day, "x": position, "y": rng.normal(size=rows)}))
    return pd.concat(frames)


@pytest.fixture
def fitted(quick_fit):
    """A fit to the clones; `training` and further settings of the model may differ."""

    def fit(table=None, *, seed=0, training=(), objective=None, out=None, **options):
        return quick_fit(
            two_clones(seed=seed) if table is None else table,
            time="day",
            columns=["x", "y"],
            model=LIKE_OTHERS | options,
            training=FAST | dict(training),
            objective=objective,
            seed=seed,
            out=out,
        )

    return fit


@pytest.mark.slow
def test_growth_is_found_where_cells_divide(seed, fitted):
    table = two_clones(rows=6000, seed=seed)
    how = {"growth_weight": 0.01, "kinetic_weight": 0.05, "total_mass": {0: 1, 10: 2}, "width": 32}
    model = fitted(table, seed=seed, training={"steps": 4000, "batch_size": 256}, **how)
    days, rates = np.linspace(0, 10, 11), []
    for day in days:
        x = model.sample(day, 2000)
        rate = model.growth(np.full(2000, day), x)
        rates.append([rate[x[:, 0] < 0].mean(), rate[x[:, 0] > 0].mean()])
    weight = table["x"].gt(0).groupby(table["day"]).mean().to_numpy()
    counted = np.log(2 * np.array([(1 - weight[1]) / (1 - weight[0]), weight[1] / weight[0]]))
    grown = np.trapezoid(rates, days, axis=0)
    # Training begins with the same growth for all, 0.69 and -0.41 away; after 4000 steps it is
    # 0.09 +- 0.04 and -0.07 +- 0.02 away, over ten seeds.
    np.testing.assert_allclose(grown, counted, atol=0.25)
    assert model.mass([10])[0] == pytest.approx(2, rel=0.05)
    at = np.array([[-2.0, 0.0], [2.0, 0.0]])
    moved = model.transport(at, 0, 10)
    np.testing.assert_allclose(moved[:, 0], at[:, 0], atol=0.4)  # no cell moves from a to b


def test_the_unit_of_energies_is_the_motion_of_the_means():
    rng, speed = np.random.default_rng(0), np.array([60.0, 0.0])
    snapshots = np.repeat([0.0, 5.0, 20.0], 4000)
    # Means of eighths of a range are seven eighths of it apart.
    for t, seen in ((snapshots, 1.0), (rng.uniform(0, 20, 12000), 7 / 8)):
        for velocity in (speed, 0 * speed):
            x = rng.normal(size=(12000, 2)) + t[:, None] * velocity
            table = read_table((t, x))
            units = Units.of(table)
            # All of the range, 20 speed in units of the data, in unit time.
            moved = np.sum((20 * velocity / np.array(units.std)) ** 2)
            assert least_motion(table, units) == pytest.approx(seen * moved, rel=0.02, abs=0.1)


@pytest.mark.slow
def test_energies_beside_growth_do_not_widen_snapshots_far_apart(seed, quick_fit):
    rng, day = np.random.default_rng(seed), np.repeat([0, 5, 10], 400)
    centre = np.array([[0, 0, 0, 0], [10, 0, 5, 0], [20, 10, 0, 3]])
    width = np.array([[1, 0.5, 0.7, 0.3], [0.5, 0.5, 1, 0.3], [1, 1, 0.3, 0.5]])
    x = centre[day // 5] + width[day // 5] * rng.normal(size=(1200, 4))
    models = [
        quick_fit(
            (day, x),
            model=LIKE_OTHERS | {"growth_weight": 0.01, "kinetic_weight": weight},
            training={"steps": 1000, "batch_size": 256},
            seed=seed,
        )
        for weight in (None, 0.0)
    ]
    default, free = (model.log_prob(day, x).mean() for model in models)
    assert default == pytest.approx(free, abs=0.05)


@pytest.mark.slow
def test_growth_is_near_its_prior(tmp_path, seed, fitted):
    table = two_clones(seed=seed)
    expected = np.array(
        [0.1, 0.1 + np.log(3) / 10]
    )  # per day; the weights determine the difference alone
    table["births"] = expected[(table["x"] > 0).astype(int)]
    how = {"growth_weight": 1.0, "kinetic_weight": 0.05, "prior_growth": "births", "width": 32}
    training = {"steps": 1000, "batch_size": 256}
    out = tmp_path / "run"
    model = fitted(table.iloc[300:], seed=seed, training=training, out=out, **how)
    assert "growth_prior" in model.settings.objective
    at = np.array([[-2.0, 0.0], [2.0, 0.0]])
    for day in (2, 5, 8):
        np.testing.assert_allclose(model.growth(day, at), expected, atol=0.02)
    assert model.mass(10)[0] == pytest.approx(2 * np.e, rel=0.1)
    # The prior is kept with the rows of the run, and each row has its own.
    split = conservax.load(tmp_path / "run").split
    for part in (split.train, split.validation):
        np.testing.assert_array_equal(part.growth, expected[(part.x[:, 0] > 0).astype(int)])


def test_a_model_without_growth_keeps_its_mass(fitted):
    model = fitted()
    assert (model.mass([0, 5, 10]) == 1).all()
    assert (model.growth(5, np.zeros((3, 2))) == 0).all()


@pytest.mark.slow
def test_mass_and_growth_agree_and_survive_the_file(tmp_path, seed, fitted):
    training = {"steps": 20, "learning_rate": 0.1}
    mass = {0: 1, 10: 2}
    model = fitted(seed=seed, training=training, growth_weight=0.1, total_mass=mass)
    path = tmp_path / "model.conservax"
    model.save(path)
    back, x, h = conservax.load(path), model.sample(5, 4000), 0.01
    np.testing.assert_array_equal(back.growth(5, x), model.growth(5, x))
    np.testing.assert_array_equal(back.mass([3, 10]), model.mass([3, 10]))
    assert back.settings == model.settings
    assert back.settings.model.total_mass == mass
    # The mean rate over the population is the rate of the mass, both per day.
    early, late = model.mass([5 - h, 5 + h]).astype(float)
    assert abs(np.log(late / early)) > 1e-4
    noise = 4 * model.growth(5, x).std() / np.sqrt(4000)
    slope = np.log(late / early) / (2 * h)
    assert model.growth(5, x).mean() == pytest.approx(slope, abs=noise + 5e-4)
    assert model.mass(0)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_the_check_passes_a_growing_model(fitted):
    report = fitted(growth_weight=0.1, training={"steps": 60, "learning_rate": 0.02}).check()
    residual = next(r for r in report.results if r.name == "continuity equation")
    assert residual.passed


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"total_mass": {0: 1, 10: 2}}, r"growth_weight=0\.1"),
        ({"total_mass": [1, 2], "growth_weight": 0.1}, r"total_mass=\{0: 1.0, 4: 2.7\}"),
        ({"prior_growth": "births"}, r"growth_weight=0\.1"),
        ({"growth_weight": -1.0}, "growth_weight as a number from 0 on; got -1.0"),
        ({"growth_weight": "a"}, "growth_weight as a number from 0 on; got 'a'"),
        ({"growth_weight": float("nan")}, "growth_weight as a number"),
        ({"kinetic_weight": -1.0}, "kinetic_weight as a number"),
    ],
)
def test_settings_of_growth_that_make_no_sense_are_refused(options, remedy):
    with pytest.raises(DataError, match=remedy):
        Autoregressive(**options)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"total_mass": {0: 1}}, "two times"),
        ({"total_mass": {0: 1, 10: 2}, "objective": NegativeLogLikelihood()}, "MassResidual"),
        ({"total_mass": {0: 1, 10: -2}}, "positive"),
        ({"total_mass": {0: "a", 10: 2}}, "positive"),
        ({"total_mass": {0: 1, "0.0": 2}}, "one size of the population for each time"),
        ({"total_mass": {0: 1, 11: 2}}, "from 0 to 10, where there are rows; got 11"),
        ({"flux": MixtureFlux(FactorizedFlux())}, "flux of one component"),
    ],
)
def test_bad_masses_are_refused(fitted, options, remedy):
    with pytest.raises(DataError, match=remedy):
        fitted(growth_weight=0.1, **options)


def test_a_prior_has_a_weight_and_a_table(quick_fit):
    table = two_clones().assign(births=0.1)
    names = {"time": "day", "columns": ["x", "y"]}
    read = conservax.data.read_table(table, **names)
    expected = {"growth_weight": 0.1, "prior_growth": "births"}
    with pytest.raises(DataError, match=r"read_table\(..., growth='births'\)"):
        quick_fit(read, model=expected)
    with_prior = conservax.data.read_table(table, **names, growth="births")
    with pytest.raises(DataError, match=r"growth_weight=0\.1"):
        quick_fit(with_prior)

"""Growth in the user's units: found where it is, exact about the mass, kept by the file."""

import numpy as np
import pandas as pd
import pytest

import conservax
from conservax.flux import FactorizedFlux, MixtureFlux
from conservax.objective import NegativeLogLikelihood

FAST = {"width": 16, "depth": 1, "steps": 3, "batch_size": 64, "progress": False}


def two_clones(rows=1500, seed=0):
    """Clone a stays at -2 and keeps its number, clone b at 2 has three times as many at day 10."""
    rng, frames = np.random.default_rng(seed), []
    for day, share in ((0, 0.5), (10, 0.75)):
        b = rng.random(rows) < share
        place = np.where(b, 2.0, -2.0) + 0.3 * rng.normal(size=rows)
        frames.append(pd.DataFrame({"day": day, "x": place, "y": rng.normal(size=rows)}))
    return pd.concat(frames)


def fitted(seed=0, **options):
    how = FAST | {"seed": seed} | options
    return conservax.fit(two_clones(seed=seed), time="day", columns=["x", "y"], **how)


@pytest.mark.slow
def test_growth_is_found_where_cells_divide(seed):
    table = two_clones(rows=6000, seed=seed)
    how = {"growth": 0.01, "kinetic": 0.05, "masses": {0: 1, 10: 2}, "seed": seed}
    how |= {"steps": 4000, "width": 32, "batch_size": 256}
    model = conservax.fit(table, time="day", columns=["x", "y"], **FAST | how)
    days, rates = np.linspace(0, 10, 11), []
    for day in days:
        x = model.sample(day, 2000)
        rate = model.growth(np.full(2000, day), x)
        rates.append([rate[x[:, 0] < 0].mean(), rate[x[:, 0] > 0].mean()])
    share = table["x"].gt(0).groupby(table["day"]).mean().to_numpy()
    counted = np.log(2 * np.array([(1 - share[1]) / (1 - share[0]), share[1] / share[0]]))
    grown = np.trapezoid(rates, days, axis=0)
    # Training begins with the same growth for all, 0.69 and -0.41 away; after 4000 steps it is
    # 0.09 +- 0.04 and -0.07 +- 0.02 away, over ten seeds.
    np.testing.assert_allclose(grown, counted, atol=0.25)
    assert model.mass([10])[0] == pytest.approx(2, rel=0.05)
    at = np.array([[-2.0, 0.0], [2.0, 0.0]])
    moved = model.transport(at, 0, 10)
    np.testing.assert_allclose(moved[:, 0], at[:, 0], atol=0.4)  # nobody walks from a to b


@pytest.mark.slow
def test_growth_is_near_what_was_expected_of_the_cells(tmp_path, seed):
    table = two_clones(seed=seed)
    expected = np.array([0.1, 0.1 + np.log(3) / 10])  # a day; the shares tell the difference alone
    table["births"] = expected[(table["x"] > 0).astype(int)]
    how = {"time": "day", "columns": ["x", "y"], "growth_prior": "births"}
    options = FAST | {
        "seed": seed,
        "growth": 1.0,
        "kinetic": 0.05,
        "steps": 1000,
        "width": 32,
        "batch_size": 256,
    }
    model = conservax.fit(table.iloc[300:], **how, **options, out=tmp_path / "run")
    assert "growth_prior" in model.settings["objective"]
    at = np.array([[-2.0, 0.0], [2.0, 0.0]])
    for day in (2, 5, 8):
        np.testing.assert_allclose(model.growth(day, at), expected, atol=0.02)
    assert model.mass(10)[0] == pytest.approx(2 * np.e, rel=0.1)
    # The prior is kept with the rows of the run, and each row has its own.
    split = conservax.load(tmp_path / "run").split
    for part in (split.train, split.validation):
        np.testing.assert_array_equal(part.growth, expected[(part.x[:, 0] > 0).astype(int)])


def test_a_model_without_growth_keeps_its_mass():
    model = fitted()
    assert (model.mass([0, 5, 10]) == 1).all()
    assert (model.growth(5, np.zeros((3, 2))) == 0).all()


@pytest.mark.slow
def test_mass_and_growth_agree_and_survive_the_file(tmp_path, seed):
    model = fitted(seed, growth=0.1, masses={0: 1, 10: 2}, steps=20, learning_rate=0.1)
    path = tmp_path / "model.conservax"
    model.save(path)
    back, x, h = conservax.load(path), model.sample(5, 4000), 0.01
    np.testing.assert_array_equal(back.growth(5, x), model.growth(5, x))
    np.testing.assert_array_equal(back.mass([3, 10]), model.mass([3, 10]))
    # The mean rate over the population is the rate of the mass, both per day.
    early, late = model.mass([5 - h, 5 + h]).astype(float)
    assert abs(np.log(late / early)) > 1e-4
    noise = 4 * model.growth(5, x).std() / np.sqrt(4000)
    slope = np.log(late / early) / (2 * h)
    assert model.growth(5, x).mean() == pytest.approx(slope, abs=noise + 5e-4)
    assert model.mass(0)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_the_check_passes_a_growing_model():
    report = fitted(growth=0.1, steps=60, learning_rate=0.02).check()
    residual = next(r for r in report.results if r.name == "continuity equation")
    assert residual.passed


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"masses": {0: 1, 10: 2}}, "growth=0.1"),
        ({"masses": {0: 1}, "growth": 0.1}, "two times"),
        ({"masses": {0: 1}, "objective": NegativeLogLikelihood()}, "MassError"),
        ({"masses": {0: 1, 10: -2}, "growth": 0.1}, "positive"),
        ({"masses": {0: "a", 10: 2}, "growth": 0.1}, "positive"),
        ({"masses": {0: 1, "0.0": 2}, "growth": 0.1}, "one size of the population for each time"),
        ({"masses": [1, 2], "growth": 0.1}, r"masses=\{0: 1.0, 4: 2.7\}"),
        ({"growth": -1.0}, "growth as a weight.*got -1.0"),
        ({"growth": "a"}, "growth as a weight.*got 'a'"),
        ({"growth": float("nan")}, "growth as a weight"),
        ({"kinetic": -1.0}, "kinetic as a weight"),
        ({"growth": 0.1, "flux": MixtureFlux(FactorizedFlux())}, "flux of one law"),
    ],
)
def test_bad_masses_are_refused(options, remedy):
    with pytest.raises(conservax.DataError, match=remedy):
        fitted(**options)


def test_a_prior_has_a_weight_and_a_table():
    table = two_clones().assign(births=0.1)
    with pytest.raises(conservax.DataError, match=r"--growth 0\.1"):
        conservax.fit(table, time="day", columns=["x", "y"], growth_prior="births", **FAST)
    read = conservax.data.read_table(table, time="day", columns=["x", "y"])
    with pytest.raises(conservax.DataError, match=r"read_table\(..., growth='births'\)"):
        conservax.fit(read, growth=0.1, growth_prior="births", **FAST)

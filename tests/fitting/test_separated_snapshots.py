"""Snapshots far apart, or many of few rows: the default model beside the normals that they are."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

import conservax
from conservax import Training, models
from conservax.density import Autoregressive

ROWS, WIDTHS_APART = 400, 10.0


@pytest.fixture(scope="module")
def snapshots():
    """Three normals in 3-D, unlike in shape, ten widths apart: training rows and 4 000 others."""
    random = np.random.default_rng(0)
    normals = []
    for k in range(3):
        factor = np.tril(random.normal(size=(3, 3)), -1) + np.diag(random.uniform(0.4, 1.0, 3))
        centre = WIDTHS_APART * k * np.array([0.6, -0.6, 0.5])
        normals.append(multivariate_normal(centre, factor @ factor.T, seed=random))
    return [(float(k), law, law.rvs(ROWS), law.rvs(4000)) for k, law in enumerate(normals)]


def fitted(snapshots, model):
    t = np.repeat([time for time, *_ in snapshots], ROWS)
    x = np.concatenate([rows for _, _, rows, _ in snapshots])
    return conservax.fit((t, x), model=model, training=Training(steps=300, progress=False))


@pytest.fixture(scope="module")
def model(snapshots):
    return fitted(snapshots, models.Autoregressive(width=48))


def test_no_snapshot_is_wider_than_its_cells(model, snapshots):
    for time, law, _, _ in snapshots:
        width = model.sample(time, 4000).std(0) / np.sqrt(np.diag(law.cov))
        # 360 training rows: a standard error of 4 %; the input noise on rows is below 5 %.
        np.testing.assert_allclose(width, 1.0, atol=0.2)


def test_the_model_is_about_as_good_as_the_normals_that_the_snapshots_are(model, snapshots):
    for time, law, _, fresh in snapshots:
        gap = np.mean(law.logpdf(fresh) - model.log_prob(time, fresh))
        # A normal fitted to 360 rows is 9 / 720 nats behind the truth in the mean.
        assert gap < 0.1


def test_half_way_it_is_half_way(model, snapshots):
    middle = (snapshots[0][1].mean + snapshots[1][1].mean) / 2
    assert np.linalg.norm(model.sample(0.5, 2000).mean(0) - middle) < 0.5


@pytest.mark.slow
def test_without_whitening_snapshots_come_out_wide(snapshots):
    def plain(key):
        return Autoregressive(3, components=16, width=48, depth=3, key=key)

    widened = fitted(snapshots, models.Custom(build=plain))
    time, law, _, _ = snapshots[1]
    width = widened.sample(time, 4000).std(0) / np.sqrt(np.diag(law.cov))
    assert width.max() > 1.3


@pytest.mark.parametrize(("snapshots", "rows"), [(30, 8), (6, 60)])
def test_snapshots_of_few_rows_at_rest_do_not_move(snapshots, rows):
    random = np.random.default_rng(0)
    law = multivariate_normal(np.zeros(2), [[4.0, 1.0], [1.0, 1.0]], seed=random)
    t = np.repeat(np.arange(float(snapshots)), rows)
    training = Training(steps=100, progress=False)
    model = conservax.fit((t, law.rvs(len(t))), model=models.Autoregressive(), training=training)
    times, fresh = np.repeat(np.arange(float(snapshots)), 100), law.rvs(100 * snapshots)
    # Five numbers from 210 rows or more cost 5 / 420 nats in the mean; from the seven of each time .5.
    assert np.mean(law.logpdf(fresh) - model.log_prob(times, fresh)) < 0.1
    # Means of the 7 or 54 rows that are trained on are .38 or .14 widths off, and would move by 1.4 of that.
    speed = model.velocity(times, fresh) / np.sqrt(np.diag(law.cov))
    assert np.sqrt(np.mean(speed**2)) < 0.1

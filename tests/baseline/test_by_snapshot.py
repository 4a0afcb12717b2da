"""Densities of snapshots one by one, held to the normals that the snapshots are drawn from."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from conservax.baseline import fit_gaussian_mixture_by_snapshot, fit_normal_by_snapshot

RNG = np.random.default_rng(0)
LAWS = {
    0.0: multivariate_normal([0, 0], [[1.0, 0.6], [0.6, 1.0]], seed=RNG),
    2.0: multivariate_normal([50, -3], [[0.04, 0.0], [0.0, 4.0]], seed=RNG),
}
ROWS = {time: law.rvs(4000) for time, law in LAWS.items()}
T, X = np.repeat(list(ROWS), 4000), np.concatenate(list(ROWS.values()))


@pytest.fixture(scope="module")
def normals():
    return fit_normal_by_snapshot(T, X)


def test_normals_of_snapshots_are_found(normals):
    for time, law in LAWS.items():
        x = law.rvs(2000)
        # Five numbers from 4000 rows: 5 / 8000 nats behind in the mean.
        assert np.mean(law.logpdf(x) - normals.log_prob(time, x)) == pytest.approx(0, abs=0.005)


def test_strong_correlations_are_kept_and_few_rows_are_shrunk():
    rng = np.random.default_rng(1)
    factor = np.tril(rng.normal(size=(10, 10)), -1) + np.diag(rng.uniform(0.4, 1, 10))
    strong, none = multivariate_normal(cov=factor @ factor.T), multivariate_normal(np.zeros(10))
    assert np.linalg.cond(strong.cov) > 1e3
    for law, rows, gap in ((strong, 700, 0.2), (none, 15, 1.5)):
        x, fresh = law.rvs(rows, random_state=rng), law.rvs(4000, random_state=rng)
        fitted = fit_normal_by_snapshot(np.zeros(rows), x)
        # By maximum likelihood: 65 / 1400 = .05 of 700 rows; of 15 more than 10 nats.
        assert np.mean(law.logpdf(fresh) - fitted.log_prob(0.0, fresh)) < gap


def divergence(laws, rows, seed=0):
    """Mean Kullback-Leibler divergence of fitted normals from the laws of the rows, nats."""
    rng = np.random.default_rng(seed)
    t = np.repeat(np.arange(float(len(laws))), rows)
    x = np.concatenate([law.rvs(rows, random_state=rng) for law in laws])
    fitted = fit_normal_by_snapshot(t, x)
    fresh = [law.rvs(400, random_state=rng) for law in laws]
    excess = [
        law.logpdf(x) - fitted.log_prob(k, x)
        for k, (law, x) in enumerate(zip(laws, fresh, strict=True))
    ]
    return np.mean(excess)


def test_many_snapshots_of_few_rows_learn_from_each_other():
    rest = [multivariate_normal([10, 45], [[4.0, 1.9], [1.9, 1.0]])] * 30
    # Five numbers from all 210 rows cost 5 / 420 nats in the mean, from the seven of each time .5.
    assert divergence(rest, 7) < 0.05
    walk = [multivariate_normal([0.3 * k, -k], [[1.0, 0.0], [0.0, 0.5]]) for k in range(30)]
    # Means of steps far above their errors are from seven rows each: 2 / 14 nats.
    assert divergence(walk, 7) < 0.2


def test_snapshots_unlike_in_shape_do_not_learn_from_each_other():
    laws = [
        multivariate_normal([0, 0], np.diag(variances)) for variances in ((1e-3, 1.0), (1.0, 1e-3))
    ]
    # Four numbers and the correlation of 400 rows: 5 / 800.
    assert divergence(laws, 400) < 0.02


def test_a_few_narrow_snapshots_among_wide_ones_stay_narrow():
    narrow, wide = (multivariate_normal([0, 0], width**2 * np.eye(2)) for width in (0.03, 1.0))
    # By the rows of each time .45; all made like each other 1.0; about one mean .30.
    assert divergence([narrow, wide, wide, wide, wide] * 8, 8) < 0.4


def unlike(dim, seed, centre=0.0):
    """A normal of some shape."""
    rng = np.random.default_rng(seed)
    factor = np.tril(rng.normal(size=(dim, dim)), -1) + np.diag(rng.uniform(0.4, 1.0, dim))
    return multivariate_normal(np.full(dim, centre), factor @ factor.T)


@pytest.mark.parametrize("alike", [True, False])
def test_snapshots_at_rest_do_not_move_by_the_error_of_their_means(alike):
    def moved(seed):
        """Mean square of the steps of means, in widths."""
        rng = np.random.default_rng(seed)
        laws = [unlike(4, 0 if alike else k) for k in range(4)]
        x = np.concatenate([law.rvs(40, random_state=rng) for law in laws])
        mean = fit_normal_by_snapshot(np.repeat(np.arange(4.0), 40), x).mean
        return np.mean(np.diff(mean, axis=0) ** 2 / np.mean([np.diag(law.cov) for law in laws], 0))

    # Steps between means of forty rows each are of 2 / 40.
    assert np.mean([moved(seed) for seed in range(12)]) < 0.5 * 2 / 40


def test_a_long_thin_snapshot_stays_where_its_rows_are():
    wide, narrow = (multivariate_normal([0, 0], width**2 * np.eye(2)) for width in (1.0, 0.1))
    thin = multivariate_normal([3.0, 0.0], np.diag([1.0, 1e-5]))
    laws = [wide] * 15 + [thin] + [wide] * 16 + [narrow] * 8
    rng = np.random.default_rng(0)
    t, x = (
        np.repeat(np.arange(40.0), 8),
        np.concatenate([law.rvs(8, random_state=rng) for law in laws]),
    )
    fitted = fit_normal_by_snapshot(t, x)
    own = x[t == 15].mean(0)
    assert np.abs(fitted.mean[15] - own)[1] < 3 * np.sqrt(1e-5 / 8)


def test_correlations_of_five_rows_are_shrunk():
    # Five rows say nothing of six of ten directions: where correlations are kept as they are, it is 1e6.
    for seed in range(5):
        far = [unlike(10, 10 * seed + k, 100.0 * k) for k in range(4)]
        assert divergence(far, 5, seed) < 30


@pytest.mark.parametrize("seed", range(4))
def test_a_stray_row_harms_its_own_snapshot_alone(seed):
    rng = np.random.default_rng(seed)
    t = np.repeat(np.arange(10.0), 100)
    x = rng.normal(size=(1000, 2)) + 0.5 * t[:, None]
    x[300] = 1e4  # of t = 3
    entropy = np.log(2 * np.pi * np.e)
    loss = -fit_normal_by_snapshot(t, x).log_prob(0.0, rng.normal(size=(1000, 2))).mean()
    # Deviations of 1000 such losses are about 1; five numbers of 100 rows cost .025.
    assert loss == pytest.approx(entropy, abs=0.2)


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
def test_a_few_rows_at_every_time_are_enough(rows):
    t = np.repeat(np.arange(20.0), rows)
    fitted = fit_normal_by_snapshot(t, np.random.default_rng(0).normal(size=(len(t), 2)))
    assert np.isfinite(fitted.log_prob(3.5, np.zeros((1, 2)))).all()


def test_columns_that_follow_from_others_or_from_time_keep_some_width():
    rng = np.random.default_rng(0)
    t, first = np.repeat(np.arange(5.0), 200), rng.normal(size=1000)
    x = np.column_stack([first, t, 3 * first])
    covariance = fit_normal_by_snapshot(t, x).covariance
    deviation = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    assert np.all(deviation > 0.99e-3 * x.std(0))
    correlation = covariance / deviation[:, None] / deviation[:, :, None]
    assert np.linalg.eigvalsh(correlation).min() > 1e-7


def test_between_snapshots_moments_are_linear(normals):
    mean, covariance = np.array([25, -1.5]), (LAWS[0.0].cov + LAWS[2.0].cov) / 2
    x = mean + RNG.normal(size=(50, 2)) @ np.linalg.cholesky(covariance).T
    middle = multivariate_normal(mean, covariance)
    # Deviations of 4000 rows have a standard error of 1 %, of the squares in the exponent 2 %.
    np.testing.assert_allclose(normals.log_prob(1.0, x), middle.logpdf(x), rtol=0.1, atol=0.2)


def test_mixtures_of_snapshots_take_the_size_that_each_needs():
    two = np.concatenate([RNG.normal(-3, 0.5, (500, 1)), RNG.normal(3, 0.5, (500, 1))])
    one = RNG.normal(10, 1.0, (1000, 1))
    t, x = np.repeat([0.0, 1.0], 1000), np.concatenate([two, one])
    held = np.arange(len(t)) % 4 == 0
    fitted = fit_gaussian_mixture_by_snapshot(t[~held], x[~held], t[held], x[held], seed=0)
    grid = np.linspace(-8, 18, 3001)[:, None]
    truth = np.logaddexp(norm.logpdf(grid, -3, 0.5), norm.logpdf(grid, 3, 0.5)) - np.log(2)
    for time, log_truth in ((0.0, truth), (1.0, norm.logpdf(grid, 10, 1.0))):
        ours = np.exp(fitted.log_prob(time, grid))
        away = np.trapezoid(np.abs(ours - np.exp(log_truth[:, 0])), grid[:, 0])
        assert away < 0.15
    # Times that were not seen have the density of the nearest one.
    np.testing.assert_array_equal(fitted.log_prob(0.4, grid), fitted.log_prob(0.0, grid))
    np.testing.assert_array_equal(fitted.log_prob(9.0, grid), fitted.log_prob(1.0, grid))


def test_no_unit_of_a_column_changes_more_than_the_volume():
    units = np.array([1e5, 1e-4])
    held = np.arange(len(T)) % 4 == 0

    def densities(x):
        normal = fit_normal_by_snapshot(T, x)
        train, validation = (T[~held], x[~held]), (T[held], x[held])
        mixture = fit_gaussian_mixture_by_snapshot(*train, *validation, seed=0)
        return normal.log_prob(0.3, x[::50]), mixture.log_prob(0.3, x[::50])

    for there, here in zip(densities(units * X), densities(X), strict=True):
        np.testing.assert_allclose(there + np.log(units).sum(), here, rtol=1e-9, atol=1e-3)


def test_the_normal_of_columns_in_far_units_is_that_of_scipy():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(500, 2)) * [1e5, 1.0]
    fitted = fit_normal_by_snapshot(np.zeros(500), x)
    by_column = norm.logpdf(x, x.mean(0), x.std(0, ddof=1)).sum(1)
    # They are independent: a correlation of less than .05 is all that is left.
    assert np.mean(fitted.log_prob(0.0, x) - by_column) == pytest.approx(0, abs=0.01)


def test_a_column_that_is_constant_in_one_snapshot_is_narrow_there():
    rng = np.random.default_rng(3)
    t, x = np.repeat([0.0, 1.0], 400), rng.normal(size=(800, 2))
    x[:400, 1] = 0
    held = np.arange(800) % 4 == 0
    mixture = fit_gaussian_mixture_by_snapshot(t[~held], x[~held], t[held], x[held], seed=0)
    normal = fit_normal_by_snapshot(t[~held], x[~held])
    width = 1e-3 * x[~held][:, 1].std()
    expected = norm.logpdf(x[:400, 0]).mean() + norm.logpdf(0.0, 0.0, width)
    for fitted in (mixture, normal):
        assert fitted.log_prob(0.0, x[:400]).mean() == pytest.approx(expected, abs=0.05)
        assert np.isfinite(fitted.log_prob(1.0, x[400:])).all()

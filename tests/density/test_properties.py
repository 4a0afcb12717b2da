"""Properties of every density, learned or explicit: one property per test, one table of densities."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from oracles import DENSITIES, LEARNED, compiled, over_points, points

T = jnp.array(0.4)
every_density = pytest.mark.parametrize("name", DENSITIES)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.slow if name == "mixture of autoregressive" else ())
        for name in DENSITIES
    ],
)
def case(request):
    """A density in three dimensions, times and draws."""
    density = DENSITIES[request.param](3)
    return density, *points(density, 1000)


def test_mass_is_one_on_the_line():
    grid = jnp.linspace(-40.0, 40.0, 20001)
    for name in DENSITIES:
        density = DENSITIES[name](1)
        log_prob = compiled(lambda d: jax.vmap(lambda x: d.log_prob(T, x[None]))(grid))(density)
        assert np.trapezoid(np.exp(log_prob), grid) == pytest.approx(1, abs=1e-6)


@every_density
def test_mass_is_one_on_the_plane(name):
    # The trapezoid rule is spectrally accurate for what is smooth and fades.
    density, grid = DENSITIES[name](2), jnp.linspace(-16.0, 16.0, 641)
    plane = jnp.stack(jnp.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    log_prob = compiled(lambda d, x: jax.vmap(lambda x: d.log_prob(T, x))(x))(density, plane)
    assert np.sum(np.exp(log_prob)) * (grid[1] - grid[0]) ** 2 == pytest.approx(1, abs=1e-6)


def test_log_prob_is_the_product_of_the_conditional_densities(case):
    log_prob, pdf = over_points(lambda d, t, x: (d.log_prob(t, x), d.conditional_pdf(t, x)), *case)
    np.testing.assert_allclose(np.prod(pdf, axis=-1), np.exp(log_prob), rtol=1e-12)


def test_conditional_cdf_is_the_integral_of_conditional_pdf(case):
    density, _, x = case
    x = x[0]
    nodes, weights = np.polynomial.legendre.leggauss(40)
    # Coordinate i runs from far below to x_i, in panels, the others stay.
    edges = np.linspace(-40.0, 0.0, 161)
    half = (edges[1:] - edges[:-1]) / 2
    shifts = ((edges[1:] + edges[:-1]) / 2)[:, None] + half[:, None] * nodes
    runs = np.asarray(x) + np.eye(3)[:, None, :] * shifts.reshape(1, -1, 1)
    pdf = compiled(lambda d, runs: jax.vmap(jax.vmap(lambda x: d.conditional_pdf(T, x)))(runs))(
        density, jnp.asarray(runs)
    )
    own = np.stack([pdf[i, :, i] for i in range(3)])
    integral = own @ (half[:, None] * weights).ravel()
    np.testing.assert_allclose(integral, density.conditional_cdf(T, x), atol=1e-10)


def test_no_conditional_sees_its_own_coordinate_or_a_later_one(case):
    jacobian = over_points(lambda d, t, x: jax.jacfwd(d.log_odds, argnums=1)(t, x), *case)
    later = np.triu_indices(3, 1)
    np.testing.assert_array_equal(jacobian[:, *later], 0.0)
    assert np.all(jacobian[:, range(3), range(3)] > 0)


def test_the_inverse_undoes_the_conditional_cdf(case):
    def there_and_back(d, t, x):
        return d.inverse_conditional_cdf(t, d.conditional_cdf(t, x))

    x = case[2]
    u, back = over_points(lambda d, t, x: (d.conditional_cdf(t, x), there_and_back(d, t, x)), *case)
    inner = np.all((u > 1e-6) & (u < 1 - 1e-6), axis=-1)
    assert inner.mean() > 0.99
    np.testing.assert_allclose(back[inner], x[inner], atol=1e-7)


def test_log_odds_go_round_in_the_tails(case):
    density, _, _ = case
    sides = jnp.array(np.meshgrid(*[[-60.0, -5.0, 40.0, 60.0]] * 3)).reshape(3, -1).T
    t = jnp.linspace(0.0, 1.0, len(sides))
    back = over_points(lambda d, t, v: d.log_odds(t, d.from_log_odds(t, v)), density, t, sides)
    np.testing.assert_allclose(back, sides, atol=1e-8)


def test_walking_gives_the_conditionals_of_the_parallel_pass(case):
    def walked(d, t, x):
        state, found = d.start(t), []
        for i in range(d.dim):
            conditional, state = d.conditional(state, i)
            found.append((conditional.log_pdf(x[i]), conditional.log_cdf(x[i])))
            state = d.extend(state, i, x[i])
        log_pdf, log_cdf = (jnp.stack(each) for each in zip(*found, strict=True))
        parallel = d.conditionals(t, x)
        return (log_pdf, log_cdf), (parallel.log_pdf(x), parallel.log_cdf(x))

    one, other = over_points(walked, *case)
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", LEARNED)
def test_scanned_walks_give_the_conditionals_of_the_parallel_pass(name):
    density = DENSITIES[name](9)
    log_odds = jax.random.normal(jax.random.key(0), (20, 9))
    t = jnp.linspace(0.0, 1.0, 20)
    back = over_points(lambda d, t, v: d.log_odds(t, d.from_log_odds(t, v)), density, t, log_odds)
    np.testing.assert_allclose(back, log_odds, atol=1e-9)


def test_samples_follow_the_cdf(case):
    """The Rosenblatt transform of draws is uniform: Kolmogorov's distance at 1e5 draws.

    P(sqrt(n) D > 2.23) = 1e-4 for one coordinate that is right.
    """
    density, _, _ = case
    n = 100_000
    keys = jax.random.split(jax.random.key(11), n)

    def transformed(d, t, key):
        return d.conditional_cdf(t, d.sample(key, t))

    u = over_points(transformed, density, jnp.full(n, T), keys)
    for column in u.T:
        assert np.sqrt(n) * stats.kstest(column, "uniform").statistic < 2.23
    correlation = np.corrcoef(u.T) - np.eye(3)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(n)


@pytest.mark.parametrize("name", LEARNED)
def test_the_density_depends_on_the_condition(name):
    density = DENSITIES[name](2, condition_dim=2)
    x = jnp.array([0.3, -0.4])

    def both(d, condition):
        return d.log_prob(T, x, condition), d.sample(jax.random.key(0), T, condition)

    run = compiled(both)
    near, far = run(density, jnp.array([0.0, 0.0])), run(density, jnp.array([3.0, -2.0]))
    assert abs(near[0] - far[0]) > 1e-3
    assert np.all(np.isfinite(far[1]))


@every_density
def test_whole_times_are_times(name):
    """t = 1 written as an integer is the same time."""
    density, x = DENSITIES[name](2), jnp.array([0.3, -0.4])
    run = compiled(lambda d, t: d.log_prob(t, x))
    np.testing.assert_allclose(run(density, jnp.array(1)), run(density, jnp.array(1.0)), rtol=1e-12)


@every_density
@pytest.mark.parametrize("shape", [(), (3,), (5, 2)])
def test_a_point_has_the_shape_of_a_point(name, shape):
    density, x = DENSITIES[name](2), jnp.zeros(shape)
    for method in (
        density.log_prob,
        density.conditional_cdf,
        density.conditional_pdf,
        density.log_odds,
    ):
        with pytest.raises(ValueError, match=r"expected x of shape \(2,\)") as error:
            method(T, x)
        assert f"got {shape}" in str(error.value)


@pytest.mark.parametrize("name", LEARNED)
def test_a_condition_is_neither_missing_nor_extra(name):
    without, with_two = DENSITIES[name](2), DENSITIES[name](2, condition_dim=2)
    x, key = jnp.zeros(2), jax.random.key(0)
    for density, condition, text in (
        (without, jnp.zeros(2), r"shape None; got \(2,\)"),
        (with_two, None, r"shape \(2,\); got None"),
        (with_two, jnp.zeros(3), r"shape \(2,\); got \(3,\)"),
    ):
        with pytest.raises(ValueError, match=text):
            density.log_prob(T, x, condition)
        with pytest.raises(ValueError, match=text):
            density.sample(key, T, condition)


@pytest.mark.parametrize("name", ["autoregressive", "factorized"])
@pytest.mark.parametrize("option", ["components", "width", "depth"])
def test_sizes_are_at_least_one(name, option):
    with pytest.raises(ValueError, match="at least 1"):
        DENSITIES[name](2, **{option: 0})


@every_density
def test_parameters_are_arrays(name):
    """So a density can be stacked, cast and saved as arrays, whatever it is."""
    leaves = jax.tree.leaves(DENSITIES[name](2))
    if name in LEARNED:
        assert all(eqx.is_inexact_array(leaf) for leaf in leaves)

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.transport import solve_sde

N = 8000
# Kolmogorov's distance exceeds this once in 400 000 exact samples of N: of 10 000 runs of the 38
# comparisons below one fails by chance.
KS_BOUND = stats.kstwo.isf(1e-4 / 38, N)


@eqx.filter_jit
def paths(law, x, times, seed=0, **options):
    keys = jax.random.split(jax.random.key(seed), x.shape[0])
    return jax.vmap(lambda key, x: solve_sde(key, law, x, times, **options))(keys, x)


@eqx.filter_jit
def ranks(law, t, x):
    return jax.vmap(lambda x: law.density.conditional_cdf(t, x))(x)


def distances(law, t, x):
    """Kolmogorov's distance of every coordinate of x to the law at time t."""
    return [stats.kstest(u, "uniform").statistic for u in np.asarray(ranks(law, t, x)).T]


def growing(t):
    return 0.2 + 0.5 * t


@pytest.mark.parametrize(
    "times", [(0.0, 0.37, 1.0), pytest.param((1.0, 0.37, 0.0), marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("name", "diffusion"),
    [
        ("learned", 0.5),
        pytest.param("learned", growing, marks=pytest.mark.slow),
        pytest.param("ornstein_uhlenbeck", 0.5, marks=pytest.mark.slow),
    ],
)
def test_paths_have_the_marginals_of_the_law(name, times, diffusion, draw, request, seed):
    law = request.getfixturevalue(name)
    start = draw(law, times[0], N, seed=seed)
    path = paths(law, start, jnp.array(times), seed=seed + 10_000, diffusion=diffusion)
    for i, t in enumerate(times):
        assert max(distances(law, jnp.asarray(t), path[:, i])) < KS_BOUND


def test_paths_decorrelate_as_the_ornstein_uhlenbeck_process_does(ornstein_uhlenbeck, draw):
    # X_t - e^(-2t) X_0 is independent of X_0, with variance (g^2 / 4) (1 - e^(-4t)).
    start = draw(ornstein_uhlenbeck, 0.0, N)
    path = paths(ornstein_uhlenbeck, start, jnp.array([0.0, 0.5]))
    left = np.asarray(path[:, 1] - np.exp(-1.0) * start)
    np.testing.assert_allclose(np.mean(left, axis=0), 0.0, atol=4 * 0.4 / np.sqrt(N))
    np.testing.assert_allclose(np.std(left, axis=0), np.sqrt(0.16 * (1 - np.exp(-2.0))), rtol=0.04)
    correlation = np.corrcoef(np.hstack([start, left]).T)[:2, 2:]
    np.testing.assert_allclose(correlation, 0.0, atol=4 / np.sqrt(N))


@pytest.mark.slow
def test_the_error_of_the_drift_is_of_second_order(ornstein_uhlenbeck, draw):
    times = jnp.array([0.0, 0.5])
    start = draw(ornstein_uhlenbeck, 0.0, 50)
    closed = jax.jit(jax.vmap(lambda x: ornstein_uhlenbeck.flow_map(*times, x)))(start)
    errors = [
        np.abs(paths(ornstein_uhlenbeck, start, times, diffusion=0.0, steps=n)[:, 1] - closed).max()
        for n in (8, 16, 32)
    ]
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.25)


@pytest.mark.parametrize("times", [(0.0, 0.123, 1.0), (1.0, 0.123, 0.0)])
def test_no_noise_is_the_flow_map(times, learned, draw):
    times = jnp.array(times)
    start = draw(learned, times[0], 100)
    closed = jax.jit(jax.vmap(lambda x: learned.flow_map(times[0], times[2], x)))(start)
    path = paths(learned, start, times, diffusion=0.0, steps=400)
    np.testing.assert_array_equal(path[:, 0], start)
    # Fixed steps: most particles are where they should be, whatever happens between the modes.
    assert np.median(np.abs(path[:, 2] - closed)) < 1e-4


def test_times_are_hit_wherever_they_fall_between_the_steps(gaussian, draw):
    # A path that is interpolated inside a step loses variance there.
    times = jnp.array([0.0, 0.3, 0.61, 0.61, 1.0])
    start = draw(gaussian, 0.0, N)
    path = paths(gaussian, start, times, diffusion=0.5, steps=10)
    assert max(distances(gaussian, times[1], path[:, 1])) < KS_BOUND
    np.testing.assert_array_equal(path[:, 2], path[:, 3])


def test_steps_and_times_are_checked(gaussian):
    with pytest.raises(ValueError, match="expected steps >= 1; got 0"):
        solve_sde(jax.random.key(0), gaussian, jnp.zeros(2), jnp.array([0.0, 1.0]), steps=0)
    with pytest.raises(ValueError, match="only grow or only fall"):
        solve_sde(jax.random.key(0), gaussian, jnp.zeros(2), jnp.array([0.0, 1.0, 0.5]))

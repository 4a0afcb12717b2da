"""Flow maps, the identities between fluxes, and what flows at infinity."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import AbstractFactorizedDensity
from conservax.flux import (
    FactorizedFlux,
    KnotheRosenblatt,
    MixtureFlux,
    NaiveFlux,
    SigmoidCancellation,
)
from conservax.univariate import LogisticMixture
from oracles import (
    DENSITIES,
    autoregressive,
    compiled,
    factorized,
    gaussian,
    over_points,
    points,
    to_float32,
)

heavy = pytest.mark.slow
T, S = jnp.array(0.4), jnp.array(0.9)


def test_on_factorized_densities_three_fluxes_are_one():
    """KR is (26), and so is the sigmoid flux once the marginals stand for sigma."""
    density = factorized(3)
    t, x = points(density, 100)

    def velocities(density, t, x):
        every = (FactorizedFlux(), KnotheRosenblatt(), SigmoidCancellation(density.marginals))
        return [flux.velocity(density, t, x) for flux in every]

    optimal, *others = over_points(velocities, density, t, x)
    assert np.abs(optimal).max() > 0.1
    for other in others:
        np.testing.assert_allclose(other, optimal, rtol=1e-9, atol=1e-12)


def test_on_a_line_all_fluxes_that_vanish_at_infinity_are_one():
    density = autoregressive(1)
    t, x = points(density, 100)

    def velocities(density, t, x):
        every = (KnotheRosenblatt(), SigmoidCancellation(), NaiveFlux())
        return [flux.velocity(density, t, x) for flux in every]

    one, *others = over_points(velocities, density, t, x)
    for other in others:
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "flux", "dim"),
    [
        ("autoregressive", KnotheRosenblatt(), 3),
        ("factorized", FactorizedFlux(), 3),
        pytest.param("mixture of factorized", KnotheRosenblatt(), 2, marks=heavy),
        pytest.param("full Gaussian", KnotheRosenblatt(), 3, marks=heavy),
        pytest.param("mixture of autoregressive", KnotheRosenblatt(), 3, marks=heavy),
        pytest.param("autoregressive", KnotheRosenblatt(), 9, marks=heavy),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, eqx.Module) else str(value),
)
def test_flow_maps_go_back_and_follow_the_velocity(name, flux, dim):
    density = DENSITIES[name](dim)
    s, x = points(density, 100)

    def moved(density, s, x):
        there = flux.flow_map(density, s, S, x)
        back = flux.flow_map(density, S, s, there)
        speed = jax.jvp(lambda t: flux.flow_map(density, s, t, x), (s,), (jnp.ones_like(s),))[1]
        return there, back, speed, flux.velocity(density, s, x)

    there, back, speed, velocity = over_points(moved, density, s, x)
    assert np.abs(there - x).max() > 0.1
    np.testing.assert_allclose(back, x, atol=1e-8)
    np.testing.assert_allclose(speed, velocity, rtol=1e-7, atol=1e-8)


def test_the_flow_map_solves_the_equation_of_motion():
    """d/dt flow_map(s, t, x) = velocity(t, flow_map(s, t, x)), away from the start too."""
    density, flux = autoregressive(2), KnotheRosenblatt()
    s, x = points(density, 50)

    def rates(density, s, x):
        there, speed = jax.jvp(lambda t: flux.flow_map(density, s, t, x), (S,), (jnp.ones_like(S),))
        return speed, flux.velocity(density, S, there)

    speed, velocity = over_points(rates, density, s, x)
    np.testing.assert_allclose(speed, velocity, rtol=1e-7, atol=1e-8)


# ---- at infinity


def directions(dim, distance=80.0):
    """Far along every axis, both ways, the other coordinates near the mass."""
    far = distance * np.concatenate([np.eye(dim), -np.eye(dim)])
    return jnp.asarray(np.where(far == 0, 0.3, far))


@pytest.mark.parametrize(
    ("name", "flux"),
    [
        ("autoregressive", KnotheRosenblatt()),
        ("autoregressive", SigmoidCancellation()),
        ("factorized", FactorizedFlux()),
        ("mixture of factorized", MixtureFlux(FactorizedFlux())),
        ("full Gaussian", KnotheRosenblatt()),
        ("full Gaussian", SigmoidCancellation()),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_nothing_flows_at_infinity(name, flux):
    density, x = DENSITIES[name](2), directions(2)
    far = over_points(lambda d, t, x: flux.flux(d, t, x), density, jnp.full(len(x), T), x)
    np.testing.assert_allclose(far, 0.0, atol=1e-12)


def test_the_naive_flux_has_the_limit_of_lemma_2():
    """j_D -> -d_t prod_{j<D} f_j above, 0 below: for N(m, s^2) in coordinate 1, by hand."""
    density = gaussian(2, full=False)
    mean, scale = float(density.mean(T)[0]), float(density.scale(T)[0])
    d_mean, d_scale = float(density.mean.slope[0]), float(density.scale.slope[0])
    z = (0.3 - mean) / scale
    pdf = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) / scale
    change = z * d_mean / scale + (z * z - 1) * d_scale / scale  # d_t log f_1
    run = compiled(lambda d, x: NaiveFlux().flux(d, T, x))
    above, below = run(density, jnp.array([0.3, 60.0])), run(density, jnp.array([0.3, -60.0]))
    np.testing.assert_allclose(above, [0.0, -pdf * change], rtol=1e-10)
    np.testing.assert_allclose(below, 0.0, atol=1e-15)
    assert abs(pdf * change) > 1e-3


def test_the_naive_flux_has_the_limit_of_lemma_2_whatever_the_density():
    density, x = autoregressive(3), jnp.array([0.3, -0.4, 200.0])

    def limit(density):
        before = lambda t: jnp.prod(density.conditional_pdf(t, x)[:-1])  # noqa: E731
        return NaiveFlux().flux(density, T, x)[-1], -jax.grad(before)(T)

    last, expected = compiled(limit)(density)
    np.testing.assert_allclose(last, expected, rtol=1e-9)
    assert abs(expected) > 1e-4


def test_far_out_on_a_line_the_naive_flux_is_like_the_others():
    """No coordinate comes before it, so nothing is spurious, however small the density."""
    density = to_float32(autoregressive(1))
    run = compiled(lambda d, flux, x: flux.velocity(d, jnp.float32(0.4), x))
    for x in (-1e4, 1e4):
        naive, usual = (
            run(density, flux, jnp.array([x], jnp.float32))
            for flux in (NaiveFlux(), KnotheRosenblatt())
        )
        assert np.all(np.isfinite(usual))
        np.testing.assert_allclose(naive, usual, rtol=1e-3)


class SwappingNeedles(AbstractFactorizedDensity):
    """Half of the mass leaves the needle at -1 for the one at 1."""

    dim: int = eqx.field(static=True, default=1)
    condition_dim: int = eqx.field(static=True, default=0)

    def marginals(self, t, condition=None):
        weights = jnp.log(jnp.stack([1 - 0.5 * t, 0.5 * t]))[None]
        mean = jnp.array([[-1.0, 1.0]], weights.dtype)
        return LogisticMixture(weights, mean, jnp.full_like(mean, np.log(0.03)))


def test_fluxes_cross_gaps_where_velocities_are_capped():
    """Mass goes from one needle to another at the rate of its weight, through nearly nothing."""
    run = compiled(lambda d, flux, x: flux.flux(d, jnp.float32(0.4), x))
    x = jnp.array([0.0], jnp.float32)
    for flux in (SigmoidCancellation(), NaiveFlux()):
        np.testing.assert_allclose(run(SwappingNeedles(), flux, x), 0.5, rtol=1e-5)


def test_a_gaussian_of_double_precision_takes_single_precision_points():
    density = gaussian(2, full=True)
    x = jnp.array([0.3, -0.4])
    run = compiled(lambda d, t, x: KnotheRosenblatt().velocity(d, t, x))
    single = run(density, jnp.float32(0.4), x.astype(jnp.float32))
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, run(density, T, x), rtol=1e-5)


# ---- what a flux refuses


@pytest.mark.parametrize(
    ("flux", "density", "text"),
    [
        (
            FactorizedFlux(),
            autoregressive,
            "AbstractFactorizedDensity with FactorizedFlux; got Autoreg",
        ),
        (MixtureFlux(FactorizedFlux()), factorized, "Mixture with MixtureFlux; got Factorized"),
    ],
)
def test_a_flux_takes_only_its_densities(flux, density, text):
    density, x = density(2), jnp.zeros(2)
    for method in (flux.velocity, flux.flux):
        with pytest.raises(TypeError, match=text):
            method(density, T, x)


def test_a_reference_may_be_anything_with_a_cdf():
    """A reference of its own for every coordinate."""

    def reference(t):
        rows = jnp.array([[0.0], [1.0]])
        return LogisticMixture(jnp.zeros((2, 1)), rows, 0.5 * rows)

    density, x = autoregressive(2), jnp.array([0.3, -0.4])
    run = compiled(lambda d, flux: flux.velocity(d, T, x))
    other = run(density, SigmoidCancellation(reference))
    assert other.shape == (2,)
    assert np.abs(other - run(density, SigmoidCancellation())).max() > 1e-6

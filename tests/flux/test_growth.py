"""Births and deaths: the balance of mass, exactly."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.check import continuity_residual, fokker_planck_residual
from conservax.density import Mixture
from conservax.flux import FactorizedFlux, KnotheRosenblatt, MixtureFlux
from conservax.law import ConservationLaw
from conservax.objective import GrowthEnergy, GrowthPrior, MassResidual, Rows
from oracles import (
    autoregressive,
    compiled,
    factorized,
    growing,
    over_points,
    points,
    to_float32,
)

KEY = jax.random.key(2)


@pytest.mark.parametrize(
    ("make", "dim"),
    [
        (factorized, 1),
        (autoregressive, 2),
        pytest.param(factorized, 3, marks=pytest.mark.slow),
        pytest.param(autoregressive, 5, marks=pytest.mark.slow),
    ],
)
def test_movement_and_births_make_up_the_change(make, dim):
    """The space-time divergence of (m rho, m flux) is r m rho."""
    law = growing(make, dim)
    t, x = points(law.density, 300)

    def terms(law, t, x):
        def spacetime(point):
            t, x = point[0], point[1:]
            mass = jnp.exp(law.log_mass(t))
            rho = jnp.exp(law.log_prob(t, x))[None]
            return mass * jnp.append(rho, law.flux(t, x))

        change = jnp.diagonal(jax.jacfwd(spacetime)(jnp.append(t[None], x)))
        born = law.growth(t, x) * jnp.exp(law.log_mass(t) + law.log_prob(t, x))
        return jnp.append(change, -born)

    found = over_points(terms, law, t, x)
    assert np.median(np.abs(found[:, -1])) > 1e-4
    np.testing.assert_allclose(np.sum(found, axis=1), 0, atol=1e-10)


def test_the_residuals_of_the_check_include_growth():
    law = growing(factorized, 2, diffusion=0.4)
    t, x = points(law.density, 100)
    for residual in (continuity_residual, fokker_planck_residual):
        np.testing.assert_allclose(over_points(residual, law, t, x), 0, atol=1e-10)


def test_mean_growth_is_that_of_the_mass():
    law = growing(factorized, 1)
    grid = jnp.linspace(-60, 60, 40_001)[:, None]
    for t in jnp.asarray([0.2, 0.9]):
        rate, log_prob = over_points(
            lambda law, t, x: (law.growth(t, x), law.log_prob(t, x)), law, jnp.full(40_001, t), grid
        )
        mean = np.trapezoid(rate * np.exp(log_prob), grid[:, 0])
        assert mean == pytest.approx(float(jax.grad(law.log_mass)(t)), abs=1e-6)


def test_particles_that_move_and_multiply_become_the_later_population():
    law, count = growing(factorized, 1), 20_000
    keys = jax.random.split(KEY, count)

    def rates(t, state, _):
        x, _ = state
        return law.velocity(t, x), law.growth(t, x)

    def grown(key):
        x = law.sample(key, jnp.zeros(()))
        term, solver = diffrax.ODETerm(rates), diffrax.Tsit5()
        done = diffrax.diffeqsolve(
            term, solver, 0.0, 1.0, 0.05, (x, jnp.zeros(())), saveat=diffrax.SaveAt(t1=True)
        )
        return jax.tree.map(lambda leaf: leaf[0], done.ys)

    x, log_weight = compiled(lambda keys: jax.vmap(grown)(keys))(keys)
    weight = np.exp(np.asarray(log_weight))
    assert weight.mean() == pytest.approx(float(jnp.exp(law.log_mass(1.0))), rel=0.01)
    later = compiled(lambda keys: jax.vmap(lambda key: law.sample(key, jnp.ones(())))(keys))(keys)
    for quantile in (0.1, 0.5, 0.9):
        level = np.quantile(later, quantile)
        assert weight @ (x[:, 0] < level) / weight.sum() == pytest.approx(quantile, abs=0.015)


def test_knothe_rosenblatt_takes_the_same_density_as_mass_that_moves():
    density = growing(factorized, 2).density
    law = ConservationLaw(density, KnotheRosenblatt())
    t, x = points(density, 100)
    np.testing.assert_allclose(over_points(continuity_residual, law, t, x), 0, atol=1e-10)
    assert law.growth(t[0], x[0]) == 0
    assert law.log_mass(0.7) == 0


def test_growth_is_finite_far_out_in_single_precision():
    law = to_float32(growing(factorized, 2))
    x = jnp.asarray([[1e4, -1e4], [-1e4, 0.0]], jnp.float32)
    rate = over_points(lambda law, t, x: law.growth(t, x), law, jnp.full(2, 0.5, jnp.float32), x)
    assert rate.dtype == np.float32
    assert np.isfinite(rate).all()


def lone(a, rate=0.0):
    """One component of mass exp(rate t + a (cos(pi t) - 1))."""
    density = Mixture([factorized(1)], growth_modes=1)
    held = (jnp.full((1, 1), a), jnp.full(1, rate / 5))
    density = eqx.tree_at(lambda m: (m.growth_coefficients, m.paced_rates), density, held)
    return ConservationLaw(density, MixtureFlux(FactorizedFlux()))


def test_energy_of_growth_that_is_the_same_everywhere():
    rows = Rows(jnp.zeros(256), jnp.zeros((256, 1)))
    # r = -a pi sin(pi t), whose mean square is a^2 pi^2 / 2.
    assert GrowthEnergy(2000)(KEY, lone(0.3), rows) == pytest.approx(0.045 * np.pi**2, rel=1e-4)


def test_error_of_the_mass_does_not_depend_on_its_unit():
    rows = Rows(jnp.zeros(2), jnp.zeros((2, 1)))
    law = lone(-0.5)  # e times as many at the end
    assert MassResidual((0.0, 1.0), (7.0, 7.0 * np.e))(KEY, law, rows) == pytest.approx(
        0, abs=1e-12
    )
    assert MassResidual((0.0, 1.0), (7.0, 7.0))(KEY, law, rows) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="positive"):
        MassResidual((0.0, 1.0), (1.0, 0.0))


def test_a_constant_rate_is_the_same_at_the_endpoints():
    law = lone(0.0, rate=0.7)
    rate = over_points(
        lambda law, t, x: law.growth(t, x), law, jnp.asarray([0.0, 0.4, 1.0]), jnp.zeros((3, 1))
    )
    np.testing.assert_allclose(rate, 0.7)
    assert law.log_mass(1.0) == pytest.approx(0.7)


def test_distance_from_a_prior_is_an_integral_over_all_times():
    prior, count = np.array([0.2, -1.0, 0.4]), 20_000
    t = jnp.repeat(jnp.asarray([0.0, 0.4, 1.0]), count)
    rows = Rows(t, jnp.zeros((3 * count, 1)), growth=jnp.repeat(jnp.asarray(prior), count))
    grid = (np.arange(30_000) + 0.5) / 30_000
    nearest = np.digitize(grid, [0.2, 0.7])
    expected = np.mean((-0.3 * np.pi * np.sin(np.pi * grid) + 0.5 - prior[nearest]) ** 2)
    found = GrowthPrior((0.0, 0.4, 1.0))(KEY, lone(0.3, 0.5), rows)
    assert found == pytest.approx(expected, rel=5e-3)
    # The same for a snapshot with fewer rows of larger weight.
    chosen = np.r_[: count // 4, count : 3 * count]
    weight = np.repeat([3.0, 0.75, 0.75], [count // 4, count, count])
    fewer = Rows(*(None if part is None else part[chosen] for part in rows))
    fewer = fewer._replace(weight=jnp.asarray(weight))
    found = GrowthPrior((0.0, 0.4, 1.0))(KEY, lone(0.3, 0.5), fewer)
    assert found == pytest.approx(expected, rel=5e-3)


def test_rows_of_all_times_are_compared_at_their_own():
    t = jnp.linspace(0, 1, 50)
    rows = Rows(t, jnp.zeros((50, 1)), growth=-0.3 * jnp.pi * jnp.sin(jnp.pi * t) + 0.25)
    assert GrowthPrior()(KEY, lone(0.3), rows) == pytest.approx(0.0625, rel=1e-6)
    with pytest.raises(ValueError, match="rows with growth"):
        GrowthPrior()(KEY, lone(0.3), rows._replace(growth=None))

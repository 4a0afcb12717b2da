"""Objectives against closed forms."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import Autoregressive, Factorized, Gaussian
from conservax.field import AbstractDivergenceFree, MatrixField
from conservax.flux import KnotheRosenblatt, SigmoidCancellation
from conservax.law import ConservationLaw
from conservax.objective import (
    AbstractObjective,
    JacobianSymmetry,
    KineticEnergy,
    LogEnergy,
    NegativeLogLikelihood,
    Rows,
    Sum,
    as_sum,
    draws,
)

KEY = jax.random.key(3)
ROWS = Rows(jnp.linspace(0, 1, 4000), jnp.zeros((4000, 2)))


class Moving(eqx.Module):
    """A Gaussian law with parameters: mean shift * t, deviation 1 + growth * t."""

    shift: jax.Array
    growth: jax.Array

    def law(self, diffusion=0.0):
        density = Gaussian(
            2, lambda t: self.shift * t, lambda t: (1 + self.growth * t) * jnp.ones(2)
        )
        return ConservationLaw(density, KnotheRosenblatt(), diffusion=diffusion)


def energy(shift, growth):
    """E |v|^2 = |shift|^2 + 2 growth^2: velocity is shift + growth * z with z standard normal."""
    return jnp.sum(shift**2) + 2 * growth**2


def test_likelihood_of_standard_normal_draws_is_their_entropy():
    x = jax.random.normal(KEY, (100_000, 2))
    law = Moving(jnp.zeros(2), jnp.zeros(())).law()
    nll = NegativeLogLikelihood()(KEY, law, Rows(jnp.zeros(100_000), x))
    assert nll == pytest.approx(np.log(2 * np.pi * np.e), abs=0.01)


def test_kinetic_energy_of_a_moving_gaussian():
    law = Moving(jnp.array([3.0, -1.0]), jnp.array(0.5)).law()
    assert KineticEnergy()(KEY, law, ROWS) == pytest.approx(10.5, rel=0.02)


def test_kinetic_energy_has_the_gradient_of_its_closed_form():
    def estimate(law):
        return KineticEnergy(20_000)(KEY, law.law(), ROWS)

    moving = Moving(jnp.array([3.0, -1.0]), jnp.array(0.5))
    grads = eqx.filter_grad(estimate)(moving)
    expected = jax.grad(energy, argnums=(0, 1))(moving.shift, moving.growth)
    np.testing.assert_allclose(grads.shift, expected[0], rtol=0.03)
    np.testing.assert_allclose(grads.growth, expected[1], atol=0.08)


class Speed(AbstractObjective):
    """The mean of fixed squared speeds, times a parameter."""

    squares: jax.Array
    name: ClassVar[str] = "speed"

    def __call__(self, key, law, rows):
        return law * jnp.mean(self.squares)


def test_a_rare_draw_at_any_speed_hardly_moves_the_logarithm_of_the_energy():
    # Squared speeds of draws with a tail of index 0.85, as those of a law of earthquakes had: of
    # 2000 batches of 256 the largest mean is hundreds of times the usual one.
    squares = 1.0 + 0.05 * np.random.default_rng(0).pareto(0.85, (2000, 256))
    assert squares.mean(1).max() > 200 * np.median(squares.mean(1))

    def loss(scale, squares):
        return LogEnergy(as_sum(Speed(squares)))(KEY, scale, ROWS)

    values, slopes = jax.vmap(jax.value_and_grad(loss), in_axes=(None, 0))(
        1.0, jnp.asarray(squares)
    )
    # In the usual objective 0.01 times that: no more than .1 nats, and the slope of one e-fold.
    assert np.max(values) - np.median(values) < 10
    np.testing.assert_allclose(slopes, 1.0, rtol=0.01)


def test_kinetic_energy_is_that_of_the_drift():
    # Standing normal, g = 2: drift = -2 x, so E |u|^2 = 4 * 2.
    law = Moving(jnp.zeros(2), jnp.zeros(())).law(diffusion=2.0)
    assert KineticEnergy()(KEY, law, ROWS) == pytest.approx(8.0, rel=0.05)


def test_log_energy_has_the_value_and_the_gradient_of_its_closed_form():
    def closed(shift, growth):
        return jnp.log(energy(shift, growth) + 0.01)

    def estimate(law):
        return LogEnergy(as_sum(KineticEnergy(20_000)))(KEY, law.law(), ROWS)

    for shift in ([3.0, -1.0], [0.02, 0.01]):  # above the minimum, and below
        moving = Moving(jnp.array(shift), jnp.array(0.0))
        value, grads = eqx.filter_value_and_grad(estimate)(moving)
        assert value == pytest.approx(float(closed(moving.shift, moving.growth)), abs=1e-6)
        expected = jax.grad(closed)(moving.shift, moving.growth)
        np.testing.assert_allclose(grads.shift, expected, rtol=1e-6)


def test_log_energy_costs_at_most_its_weight_of_likelihood_in_any_unit():
    """Two normals D widths apart: with w log E the far one is pulled in by 2 w / D, not by 2 w D."""
    nll = NegativeLogLikelihood()
    for distance in (1.0, 10.0, 100.0):
        objective = nll + 0.01 * LogEnergy(as_sum(KineticEnergy(64)))
        x = np.random.default_rng(0).normal(size=(20_000, 2))
        rows = Rows(jnp.ones(20_000), jnp.asarray(x - x.mean(0) + [distance, 0.0]))
        moving = Moving(jnp.array([distance, 0.0]), jnp.array(0.0))

        def total(moving, objective=objective, rows=rows):
            return objective.total(objective.parts(KEY, moving.law(), rows))

        # Unit curvature: one Newton step along the shift lands on the optimum.
        pulled = eqx.filter_grad(total)(moving).shift[0]
        cost = 0.5 * pulled**2
        assert pulled == pytest.approx(0.02 / distance, rel=0.02)
        assert cost < 0.01


@pytest.mark.parametrize("minimum", [0.0, -1.0, np.inf])
def test_log_energy_needs_a_minimum(minimum):
    with pytest.raises(ValueError, match="minimum above 0"):
        LogEnergy(as_sum(KineticEnergy()), minimum)


class Rotation(AbstractDivergenceFree):
    """A constant antisymmetric matrix, density-weighted."""

    rate: float
    dim: int = 2
    density_weighted: bool = True
    constant: None = None

    def matrix(self, t, x, condition=None):
        return self.rate * jnp.array([[0.0, 1.0], [-1.0, 0.0]])

    def row_divergence(self, t, x, condition=None):
        return jnp.zeros(2)


def test_symmetry_of_a_rotating_normal():
    # velocity = A score = -A x, so |J - J^T|_F^2 = |2 A|_F^2 = 8 rate^2.
    density = Gaussian(2, lambda t: jnp.zeros(2), lambda t: jnp.ones(2))
    law = ConservationLaw(density, KnotheRosenblatt(), Rotation(0.7))
    value = JacobianSymmetry(20_000)(KEY, law, ROWS)
    assert value == pytest.approx(8 * 0.49, rel=0.03)


def test_symmetry_of_a_gradient_field_is_zero():
    law = Moving(jnp.array([3.0, -1.0]), jnp.array(0.5)).law()
    assert JacobianSymmetry()(KEY, law, ROWS) == pytest.approx(0, abs=1e-20)


def test_draws_are_stratified_in_time_and_have_conditions():
    density = Factorized(2, components=2, width=8, depth=1, condition_dim=1, key=KEY)
    law = ConservationLaw(density, KnotheRosenblatt())
    rows = Rows(jnp.zeros(10), jnp.zeros((10, 2)), jnp.arange(10.0)[:, None])
    at = draws(KEY, law, rows, 50)
    np.testing.assert_array_equal(np.floor(at.t * 50), np.arange(50))
    assert at.x.shape == (50, 2)
    assert set(at.condition[:, 0].tolist()) <= set(range(10))


class Constant(AbstractObjective):
    value: float
    name: ClassVar[str] = "constant"

    def __call__(self, key, law, rows):
        return jnp.asarray(self.value)


class Noise(AbstractObjective):
    name: ClassVar[str] = "noise"

    def __call__(self, key, law, rows):
        return jax.random.normal(key)


def test_objectives_add_up_with_weights():
    total = 2 * Constant(3.0) + 0.5 * (Noise() + NegativeLogLikelihood() * 4)
    assert isinstance(total, Sum)
    assert [(w, term.name) for w, term in total.terms] == [
        (2.0, "constant"),
        (0.5, "noise"),
        (2.0, "nll"),
    ]
    law = Moving(jnp.zeros(2), jnp.zeros(())).law()
    parts = total.parts(KEY, law, ROWS)
    expected = 6 + 0.5 * parts["noise"] + 2 * parts["nll"]
    assert total.total(parts) == pytest.approx(float(expected))
    assert parts["noise"] != Noise()(KEY, law, ROWS)


def test_the_same_objective_twice_is_refused():
    with pytest.raises(ValueError, match="every objective once"):
        Constant(1.0) + Constant(2.0)


LAWS = {
    "mapped": lambda diffusion: ConservationLaw(
        Autoregressive(2, components=3, width=16, depth=2, key=KEY),
        KnotheRosenblatt(),
        MatrixField(2, width=8, key=KEY),
        diffusion,
    ),
    "sigmoid": lambda diffusion: ConservationLaw(
        Autoregressive(2, components=3, width=16, depth=2, key=KEY),
        SigmoidCancellation(),
        diffusion=diffusion,
    ),
}


@pytest.mark.parametrize(
    "diffusion",
    [0.0, pytest.param(lambda t: 0.5 + t, marks=pytest.mark.slow)],
    ids=["still", "noisy"],
)
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_draw_comes_with_the_drift_where_it_is(law, diffusion):
    def apart(law):
        x = jax.vmap(law.sample)(keys, t)
        return x, jax.vmap(law.drift)(t, x)

    def together(law):
        return jax.vmap(law.sample_with_drift)(keys, t)

    def slope(pair):
        return eqx.filter_jit(eqx.filter_grad(lambda law: jnp.sum(pair(law)[1] ** 2)))(law)

    law = law(diffusion)
    keys, t = jax.random.split(KEY, 20), jnp.linspace(0, 1, 20)
    for a, b in zip(eqx.filter_jit(apart)(law), eqx.filter_jit(together)(law), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    for a, b in zip(*map(jax.tree.leaves, (slope(apart), slope(together))), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


def test_weighed_likelihood_is_the_mean_over_snapshots_of_their_means():
    law = Moving(jnp.array([3.0, -1.0]), jnp.array(0.5)).law()
    sizes = (7, 90, 25)
    x = jax.random.normal(KEY, (sum(sizes), 2))
    t = jnp.repeat(jnp.array([0.0, 0.5, 1.0]), jnp.array(sizes))
    each = [
        NegativeLogLikelihood()(KEY, law, Rows(t[at], x[at]))
        for at in (slice(0, 7), slice(7, 97), slice(97, None))
    ]
    weight = jnp.repeat(sum(sizes) / 3 / jnp.array(sizes), jnp.array(sizes))
    weighed = NegativeLogLikelihood()(KEY, law, Rows(t, x, weight=weight))
    assert float(weighed) == pytest.approx(float(sum(each)) / 3, rel=1e-12)
    assert abs(weighed - NegativeLogLikelihood()(KEY, law, Rows(t, x))) > 0.1

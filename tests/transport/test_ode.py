from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import AbstractDensity, Gaussian
from conservax.field import MatrixField
from conservax.flux import AbstractFlux, KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.transport import solve_ode

TIMES = jnp.array([0.0, 0.25, 0.9, 1.0])


class Walled(AbstractFlux):
    """The Knothe-Rosenblatt flux, and far out a velocity that no few steps can follow."""

    needs: ClassVar[type[AbstractDensity]] = AbstractDensity

    def velocity(self, density, t, x, condition=None):
        calm = KnotheRosenblatt().velocity(density, t, x, condition)
        return calm + jnp.where(x[0] > 50, 1e3 * jnp.sin(1e4 * t), 0.0)

    def flux(self, density, t, x, condition=None):
        rho = jnp.exp(density.log_prob(t, x, condition))
        return rho * self.velocity(density, t, x, condition)


@eqx.filter_jit
def flow(law, x, times, **options):
    return jax.vmap(lambda x: solve_ode(law, x, times, **options))(x)


def test_particles_of_a_gaussian_keep_their_standard_coordinates(gaussian, draw):
    x = draw(gaussian, 0.0, 20)
    path, x = np.asarray(flow(gaussian, x, TIMES)), np.asarray(x)
    for i, t in enumerate(TIMES):
        mean, scale = np.asarray(gaussian.density.mean(t)), np.asarray(gaussian.density.scale(t))
        np.testing.assert_allclose(path[:, i], mean + x @ scale.T, atol=1e-5)


def test_the_closed_flow_map_and_the_ode_agree(learned, draw):
    x = draw(learned, 0.0, 200)
    path = flow(learned, x, TIMES, rtol=1e-8, atol=1e-8)
    closed = eqx.filter_jit(
        jax.vmap(lambda x: jax.vmap(lambda t: learned.flow_map(jnp.asarray(0.0), t, x))(TIMES))
    )(x)
    assert np.abs(path[:, -1] - x).max() > 0.5
    np.testing.assert_allclose(path, closed, atol=1e-5)


def test_forwards_then_backwards_returns(learned, draw):
    law = ConservationLaw(
        learned.density, KnotheRosenblatt(), MatrixField(2, width=8, key=jax.random.key(2))
    )
    x = draw(law, 0.0, 50)
    there = flow(law, x, TIMES, rtol=1e-8, atol=1e-8)
    back = flow(law, there[:, -1], TIMES[::-1], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(back[:, ::-1], there, atol=1e-5)


def test_one_time_or_the_same_time_twice_is_the_point_itself(gaussian):
    x = jnp.array([[0.3, 0.1]])
    np.testing.assert_array_equal(flow(gaussian, x, TIMES[1:2])[:, 0], x)
    np.testing.assert_array_equal(flow(gaussian, x, TIMES[jnp.array([1, 1])])[:, 1], x)


def test_float32_stays_float32_and_accurate(learned, draw):
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), learned)
    x = draw(learned, 0.0, 200)
    path = flow(single, x.astype(jnp.float32), TIMES.astype(jnp.float32))
    assert path.dtype == jnp.float32
    off = np.abs(path - flow(learned, x, TIMES, rtol=1e-8, atol=1e-8)).max(axis=(1, 2))
    assert np.quantile(off, 0.9) < 2e-5
    assert off.max() < 1e-3


def test_times_that_turn_round_are_refused(gaussian):
    with pytest.raises(ValueError, match="only grow or only fall"):
        solve_ode(gaussian, jnp.zeros(2), jnp.array([0.0, 1.0, 0.5]))


def test_times_that_turn_round_are_refused_under_jit(gaussian):
    with pytest.raises(RuntimeError, match="only grow or only fall"):
        flow(gaussian, jnp.zeros((1, 2)), jnp.array([0.0, 1.0, 0.5]))


def test_rows_are_refused(gaussian):
    with pytest.raises(ValueError, match="expected x of shape"):
        solve_ode(gaussian, jnp.zeros((5, 2)), TIMES)
    with pytest.raises(ValueError, match="expected times of shape"):
        solve_ode(gaussian, jnp.zeros(2), jnp.asarray(1.0))


def test_too_few_steps_are_an_error(learned):
    with pytest.raises(RuntimeError, match="maximum number of"):
        flow(learned, jnp.zeros((1, 2)), TIMES, max_steps=2)


class Steered(AbstractFlux):
    """Any velocity, whether or not the density follows."""

    needs: ClassVar[type[AbstractDensity]] = AbstractDensity

    field: Callable

    def velocity(self, density, t, x, condition=None):
        return self.field(t, x)

    def flux(self, density, t, x, condition=None):
        return self.field(t, x)


def steered(field):
    density = Gaussian(1, lambda t: jnp.zeros(1), lambda t: jnp.ones(1))
    return ConservationLaw(density, Steered(field))


def test_a_jump_in_the_velocity_is_crossed_in_float32():
    # Slow until x = 0.5, at t = 0.8, then 10000 times as fast: no step of float32 resolves that.
    law = steered(lambda t, x: jnp.where(x > 0.5, 1e4, 1.0).astype(x.dtype))
    path = flow(law, jnp.full((1, 1), -0.3, jnp.float32), jnp.array([0.0, 0.1, 0.801], jnp.float32))
    np.testing.assert_allclose(path[0, :, 0], [-0.3, -0.2, 10.5], rtol=1e-2)


def test_a_velocity_that_is_not_finite_is_an_error():
    law = steered(lambda t, x: jnp.where(t > 0.999999, jnp.nan, 1.0).astype(x.dtype) * x)
    with pytest.raises(RuntimeError, match="expected finite positions"):
        flow(law, jnp.ones((1, 1), jnp.float32), TIMES.astype(jnp.float32))


def test_without_throwing_a_solution_between_two_times_can_be_kept_on_disk(gaussian):
    """JAX keeps no program that calls back."""

    def lowered(**options):
        solve = jax.jit(lambda x, times: solve_ode(gaussian, x, times, **options))
        return solve.lower(jnp.zeros(2), TIMES[:2]).as_text()

    assert "callback" not in lowered(throw=False)
    assert "callback" in lowered()


@pytest.mark.parametrize("times", [TIMES, TIMES[jnp.array([0, -1])]])
def test_a_particle_that_does_not_get_through_leaves_the_others_alone(gaussian, times):
    """One in the path of a wall of velocity, asked not to throw; the others are as they were."""
    walled = ConservationLaw(gaussian.density, Walled())
    x = jnp.array([[0.0, 0.0], [100.0, 0.0]])
    path = flow(walled, x, times, throw=False, max_steps=40)
    np.testing.assert_allclose(path[0], flow(gaussian, x[:1], times)[0], atol=1e-5)
    assert not jnp.isfinite(path[1, -1]).all()
    with pytest.raises(eqx.EquinoxRuntimeError):
        flow(walled, x, times, max_steps=40)

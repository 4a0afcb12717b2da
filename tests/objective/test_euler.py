"""The Euler equations, on flows that solve them and on flows that do not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.field import Ball, Euclidean, Fluid, Torus
from conservax.objective import (
    CollocationPoints,
    ContinuityResidual,
    EulerResidual,
    FluidInitialResidual,
    FreeSlip,
    euler_residual,
)

KEY = jax.random.key(0)
SPIN = 1.7


def sheared(t, x):
    """A density advected by a shear flow, without any pressure."""
    speed = jnp.sin(x[1])
    rho = 2 + jnp.sin(x[0] - speed * t) * jnp.cos(x[1])
    return jnp.array([rho, rho * speed, 0.0, 5.0])


def spinning(t, x):
    """A rigid rotation, held together by the pressure; the density is 1 + r^2, and does not change."""
    square = jnp.sum(x**2)
    rho = 1 + square
    pressure = SPIN**2 * (square / 2 + square**2 / 4)
    return jnp.array([rho, -rho * SPIN * x[1], rho * SPIN * x[0], pressure])


def shaken(t, x):
    """A box of density 3 that is pushed to and fro."""
    return jnp.array([3.0, 3.0 * jnp.sin(t), 0.0, -3.0 * jnp.cos(t) * x[0]])


def stretched(t, x):
    """u = (x, -y), which keeps volume: with density 2 and Bernoulli's pressure."""
    return jnp.array([2.0, 2 * x[0], -2 * x[1], -jnp.sum(x**2)])


FLOWS = {"sheared": sheared, "spinning": spinning, "shaken": shaken, "stretched": stretched}


def residuals(fluid, count=20):
    t, x = CollocationPoints(Euclidean(), 2, count)(KEY)
    return jax.jit(jax.vmap(lambda t, x: euler_residual(fluid, t, x)))(t, x)


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_a_flow_that_solves_the_equations_has_no_residual(flow):
    momentum, volume = residuals(flow)
    np.testing.assert_allclose(momentum, 0, atol=1e-11)
    np.testing.assert_allclose(volume, 0, atol=1e-12)


def test_without_its_pressure_the_rotation_lacks_the_force_to_the_centre():
    loose = lambda t, x: spinning(t, x).at[-1].set(0.0)  # noqa: E731
    _, x = CollocationPoints(Euclidean(), 2, 20)(KEY)
    momentum, _ = residuals(loose)
    rho = 1 + np.sum(np.asarray(x) ** 2, axis=1, keepdims=True)
    np.testing.assert_allclose(momentum, -(rho**3) * SPIN**2 * x, rtol=1e-10)


def test_a_density_that_is_not_advected_is_seen():
    still = lambda t, x: sheared(0.0 * t, x)  # noqa: E731
    _, x = CollocationPoints(Euclidean(), 2, 20)(KEY)
    _, volume = residuals(still)
    x, y = np.asarray(x).T
    rho = 2 + np.sin(x) * np.cos(y)
    np.testing.assert_allclose(volume, rho * np.sin(y) * np.cos(x) * np.cos(y), rtol=1e-9)


def test_the_error_weighs_both_equations_and_what_comes_first():
    at = CollocationPoints(Torus(2 * np.pi), 2, 64)
    wrong = lambda t, x: shaken(t, x).at[1].set(3.0 * (jnp.sin(t) + t))  # noqa: E731
    # 27 (u_t + ...) is off by 27 at every point.
    value = jax.jit(lambda: EulerResidual(at, momentum=2.0)(KEY, wrong, None))()
    np.testing.assert_allclose(value, 2 * 27.0**2, rtol=1e-9)
    causal = EulerResidual(at, causality=1e-3, slices=4)
    before = 1e-3 * 27.0**2 * np.arange(4)
    value = jax.jit(lambda: causal(KEY, wrong, None))()
    np.testing.assert_allclose(value, 27.0**2 * np.exp(-before).mean(), rtol=1e-9)
    with pytest.raises(ValueError, match="slices that share the points"):
        EulerResidual(at, slices=5)


def test_mass_that_is_not_conserved_is_seen():
    error = ContinuityResidual(CollocationPoints(Torus(2 * np.pi), 2, 2000))
    np.testing.assert_allclose(jax.jit(lambda: error(KEY, sheared, None))(), 0, atol=1e-24)
    # rho grows by 2 per unit of time, and flows apart by cos x.
    growing = lambda t, x: jnp.array([5.0 + 2 * t, jnp.sin(x[0]), 7.0, 0.0])  # noqa: E731
    np.testing.assert_allclose(jax.jit(lambda: error(KEY, growing, None))(), 4.5, rtol=0.05)


def test_the_initial_condition_and_the_boundary():
    ball, spread = Ball(1.5), CollocationPoints(Torus(2 * np.pi), 2, 8)
    start = FluidInitialResidual(
        lambda x: sheared(0.0, x)[:-1] + jnp.array([1.0, 0.0, 2.0]), spread
    )
    np.testing.assert_allclose(jax.jit(lambda: start(KEY, sheared, None))(), 5.0, rtol=1e-12)
    heavy = FluidInitialResidual(start.initial_condition, spread, density=7.0)
    np.testing.assert_allclose(jax.jit(lambda: heavy(KEY, sheared, None))(), 11.0, rtol=1e-12)
    slip = FreeSlip(ball, 2, 2000)
    np.testing.assert_allclose(jax.jit(lambda: slip(KEY, spinning, None))(), 0, atol=1e-24)
    # (rho u . n)^2 = (2 r cos 2 angle)^2 of mean 2 r^2
    value = jax.jit(lambda: slip(KEY, stretched, None))()
    np.testing.assert_allclose(value, 2 * 1.5**2, rtol=0.05)
    with pytest.raises(ValueError, match="expected a domain with a boundary; got Torus"):
        FreeSlip(Torus(), 2, 10)


def test_a_fluid_in_a_ball_slips_and_keeps_its_mass():
    fluid = Fluid(2, Ball(1.5), width=8, depth=1, scale=2.0, key=KEY)
    slip = FreeSlip(Ball(1.5), 2, 50)
    np.testing.assert_allclose(jax.jit(lambda: slip(KEY, fluid, None))(), 0, atol=1e-24)
    point = jnp.array([0.3, 0.2, -0.4])
    slopes = jax.jit(jax.jacfwd(lambda y: fluid(y[0], y[1:])))(point)
    assert slopes.shape == (4, 3)
    np.testing.assert_allclose(jnp.trace(slopes[:3]), 0, atol=1e-12)

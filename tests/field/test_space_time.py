"""(rho, rho u) as one field: mass is constant and stays in its domain."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.field import Ball, Euclidean, SpaceTimeField, Torus

KEY = jax.random.key(5)
T = jnp.array(0.4)
DOMAINS = {"space": Euclidean(), "torus": Torus(2.0), "ball": Ball(1.5)}


def field_of(domain, dim, **more):
    size = {"width": 16, "depth": 2, "scale": 3.0, "background": 2.0}
    field = SpaceTimeField(dim, DOMAINS[domain], **(size | more), key=KEY)
    if field.constant is None:
        return field
    return eqx.tree_at(lambda f: f.constant, field, jnp.arange(1.0, dim + 1))


def points_in(domain, dim, count):
    keys = jax.random.split(jax.random.key(1), count)
    return jax.vmap(lambda key: DOMAINS[domain].sample(key, dim))(keys)


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("domain", DOMAINS)
def test_density_and_flux_satisfy_the_continuity_equation(domain, dim):
    field = field_of(domain, dim)

    @jax.jit
    @jax.vmap
    def slopes(x):
        return jax.jacfwd(lambda y: field(y[0], y[1:]))(jnp.append(T, x))

    jacobian = slopes(points_in(domain, dim, 20))
    assert np.max(np.abs(jacobian[:, 0, 0])) > 1e-2
    np.testing.assert_allclose(np.trace(jacobian, axis1=1, axis2=2), 0, atol=1e-10)


def test_the_mass_on_the_torus_is_that_of_the_background():
    field = field_of("torus", 2)
    axis = 2.0 * np.arange(24) / 24  # an even grid integrates smooth periodic functions to rounding
    nodes = jnp.asarray(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    both = jax.jit(jax.vmap(lambda t, x: field(t, x), in_axes=(None, 0)))
    for t in (0.0, 0.4, 1.0):
        values = np.asarray(both(jnp.array(t), nodes))
        assert values[:, 0].std() > 0.1
        np.testing.assert_allclose(values[:, 0].mean(), 2.0, atol=1e-6)


def test_nothing_flows_out_of_the_ball_and_what_is_inside_is_free():
    field, ball = field_of("ball", 2), DOMAINS["ball"]
    edge = jax.vmap(lambda key: ball.sample_boundary(key, 2))(jax.random.split(KEY, 20))
    value = np.asarray(jax.jit(jax.vmap(lambda x: field(T, x)))(edge))
    assert np.abs(value[:, 1:]).max() > 0.1
    np.testing.assert_allclose(np.sum(value[:, 1:] * edge, axis=1), 0, atol=1e-12)
    radius, weight = np.polynomial.legendre.leggauss(40)
    radius, weight = 0.75 * (radius + 1), 0.75 * weight
    angles = 2 * np.pi * np.arange(64) / 64
    rays = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    nodes = jnp.asarray((radius[:, None, None] * rays[None]).reshape(-1, 2))
    weights = np.repeat(weight * radius, 64) * 2 * np.pi / 64
    density = jax.jit(jax.vmap(field.density, in_axes=(None, 0)))
    masses = [weights @ np.asarray(density(jnp.array(t), nodes)) for t in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(masses, masses[0], rtol=1e-9)
    assert abs(masses[0] - 2.0 * np.pi * 1.5**2) > 0.1  # not that of the background alone


def varying_start(x):
    """On the torus of period 2: a density in [1, 3] that flows, and gains and loses."""
    y = np.pi * x
    density = 2 + jnp.sin(y[0])
    flux = jnp.sin(y[::-1]) + 0.5 * jnp.cos(y)
    return jnp.concatenate([density[None], flux])


def whirl(x):
    """In the ball of radius 1.5: nothing flows through the boundary, but density changes."""
    cutoff = 1 - x @ x / 1.5**2
    return jnp.concatenate([1 + cutoff[None], jnp.array([-x[1], x[0]]) + cutoff * x[0]])


HELD = {"torus": varying_start, "space": varying_start, "ball": whirl}


@pytest.mark.parametrize("domain", HELD)
def test_an_initial_condition_is_held_and_mass_conserved(domain):
    start, x = HELD[domain], points_in(domain, 2, 20)
    field = field_of(domain, 2, initial_condition=start, relaxation_time=0.7)
    both = jax.jit(jax.vmap(lambda t, x: field(t, x), in_axes=(None, 0)))
    np.testing.assert_allclose(both(jnp.array(0.0), x), jax.vmap(start)(x), atol=1e-12)
    assert np.abs(both(T, x) - both(jnp.array(0.0), x)).max() > 0.1

    @jax.jit
    @jax.vmap
    def slopes(x):
        return jax.jacfwd(lambda y: field(y[0], y[1:]))(jnp.append(T, x))

    jacobian = slopes(x)
    assert np.max(np.abs(jacobian[:, 0, 0])) > 0.1
    np.testing.assert_allclose(np.trace(jacobian, axis1=1, axis2=2), 0, atol=1e-10)


def test_nothing_flows_out_of_the_ball_after_an_initial_condition():
    field, ball = field_of("ball", 2, initial_condition=whirl), DOMAINS["ball"]
    edge = jax.vmap(lambda key: ball.sample_boundary(key, 2))(jax.random.split(KEY, 20))
    value = np.asarray(jax.jit(jax.vmap(lambda x: field(T, x)))(edge))
    assert np.abs(value[:, 1:]).max() > 0.1
    np.testing.assert_allclose(np.sum(value[:, 1:] * edge, axis=1), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("domain", "start", "message"),
    [
        ("torus", lambda x: x, r"initial_condition of shape \(3,\).*got \(2,\)"),
        ("torus", lambda x: varying_start(x) - 1.5, "density above 0.001, the minimum_density"),
        ("torus", lambda x: varying_start(0.4 * x), "initial_condition of period 2.0"),
        (
            "ball",
            lambda x: jnp.append(jnp.ones(1), x),
            r"through the boundary.*FluidInitialResidual",
        ),
    ],
)
def test_initial_conditions_that_cannot_be_held_are_refused(domain, start, message):
    with pytest.raises(ValueError, match=message):
        field_of(domain, 2, initial_condition=start)


def test_velocity_is_flux_over_density():
    field = field_of("torus", 2, scale=0.1)
    x = points_in("torus", 2, 1)[0]
    rho, *flux = np.asarray(field(T, x))
    np.testing.assert_allclose(eqx.filter_jit(field.velocity)(T, x), np.array(flux) / rho)
    np.testing.assert_allclose(field.density(T, x), rho)
    np.testing.assert_allclose(field.flux(T, x), flux)


def test_a_density_that_touches_zero_has_no_velocity():
    field = field_of("torus", 2, scale=0.1)
    field = eqx.tree_at(lambda f: f.background, field, jnp.array(-1.0))
    with pytest.raises(RuntimeError, match=r"density of at least 0.001.*Train on"):
        eqx.filter_jit(field.velocity)(T, jnp.ones(2)).block_until_ready()
    with pytest.raises(ValueError, match=r"background > minimum_density > 0; got 0\.0"):
        field_of("torus", 2, background=0.0)


def test_rows_are_refused():
    with pytest.raises(ValueError, match=r"expected x of shape \(2,\).*jax.vmap"):
        field_of("torus", 2)(T, jnp.zeros((5, 2)))

"""Single precision, far out: values, signs, and gradients in every parameter."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import Autoregressive, Mixture
from conservax.field import MatrixField
from conservax.flux import FactorizedFlux, KnotheRosenblatt, MixtureFlux, SigmoidCancellation
from conservax.law import ConservationLaw
from oracles import DENSITIES, compiled, moving_logistic, over_points, perturbed, to_float32

heavy = pytest.mark.slow
FAR = 1e4
CASES = [
    ("autoregressive", 1),
    ("autoregressive", 2),
    pytest.param("autoregressive", 5, marks=heavy),
    pytest.param("factorized", 5, marks=heavy),
    pytest.param("mixture of factorized", 2, marks=heavy),
    pytest.param("mixture of factorized", 5, marks=heavy),
    pytest.param("mixture of autoregressive", 2, marks=heavy),
    pytest.param("mixture of autoregressive", 5, marks=heavy),
    ("full Gaussian", 2),
]


def far_points(dim):
    """Every coordinate alone, both signs, and the diagonals; times over the unit interval."""
    axes = np.concatenate([np.eye(dim), -np.eye(dim), np.ones((1, dim)), -np.ones((1, dim))])
    x = jnp.asarray(FAR * axes, jnp.float32)
    return jnp.linspace(0.0, 1.0, len(x), dtype=jnp.float32), x


def fields(law, t, x):
    """log_prob, velocity and score."""
    return law.log_prob(t, x), law.velocity(t, x), law.score(t, x)


def assert_finite(tree):
    for leaf in jax.tree.leaves(tree):
        assert leaf.dtype == jnp.float32
        assert np.all(np.isfinite(leaf))


def parameter_gradients(law, t, x):
    """The gradient of the sum of each field over the points, in all parameters."""
    arrays, rest = eqx.partition(law, eqx.is_inexact_array)

    def total(arrays, which):
        law = eqx.combine(arrays, rest)
        return jnp.sum(jax.vmap(lambda t, x: fields(law, t, x)[which])(t, x))

    return [jax.grad(total)(arrays, which) for which in range(3)]


@pytest.mark.parametrize(("name", "dim"), CASES)
def test_far_out_everything_is_finite(name, dim):
    law = to_float32(ConservationLaw(DENSITIES[name](dim), KnotheRosenblatt()))
    t, x = far_points(dim)
    log_prob, velocity, score = over_points(fields, law, t, x)
    assert_finite((log_prob, velocity, score))
    # Every single coordinate that is far out is pulled back; in the full Gaussian the pull is
    # along the covariance, so there it is the sum that points back.
    assert np.all(np.sum(score * x, axis=-1) < 0)
    if "Gaussian" not in name:
        assert np.all((score * x)[x != 0] < 0)
    assert_finite(compiled(parameter_gradients)(law, t, x))


@pytest.mark.parametrize(
    ("name", "flux"),
    [
        ("factorized", FactorizedFlux()),
        ("mixture of factorized", MixtureFlux(FactorizedFlux())),
        ("autoregressive", SigmoidCancellation()),
    ],
    ids=["factorized", "mixture", "sigmoid"],
)
def test_other_fluxes_are_finite_far_out(name, flux):
    law = to_float32(ConservationLaw(DENSITIES[name](2), flux))
    t, x = far_points(2)
    assert_finite(over_points(fields, law, t, x))
    assert_finite(compiled(parameter_gradients)(law, t, x))


@pytest.mark.parametrize("dim", [1, 2])
def test_between_narrow_modes_far_apart_everything_is_finite(dim):
    """Two laws of scale 1e-3, five apart, that move; nothing holds mass in between."""
    modes = [
        moving_logistic([side] * dim, [side] * dim, [np.log(1e-3)] * dim, [0.1] * dim)
        for side in (-2.5, 2.5)
    ]
    law = to_float32(ConservationLaw(Mixture(modes, weights=[0.4, 0.6]), KnotheRosenblatt()))
    x = jnp.tile(jnp.linspace(-4.0, 4.0, 33, dtype=jnp.float32)[:, None], (1, dim))
    t = jnp.zeros(33, jnp.float32)
    log_prob, velocity, score = over_points(fields, law, t, x)
    assert_finite((log_prob, velocity, score))
    assert_finite(compiled(parameter_gradients)(law, t, x))
    # At the modes themselves, particles move with their mode.
    x = jnp.asarray([[-2.5] * dim, [2.5] * dim], jnp.float32)
    velocity = over_points(lambda law, t, x: law.velocity(t, x), law, t[:2], x)
    np.testing.assert_allclose(velocity, x, rtol=1e-5)


@pytest.mark.parametrize("dim", [2, 16])
def test_caps_do_not_multiply_from_coordinate_to_coordinate(dim):
    """Needles that depend on one another, at points of hardly any density."""
    sharp = Autoregressive(dim, components=4, width=64, depth=2, key=jax.random.key(0))
    sharp = perturbed(sharp, jax.random.key(1), 0.3)
    network = sharp.network
    narrow = jnp.tile(jnp.array([0.0] * 8 + [-3.0] * 4), dim)
    network = eqx.tree_at(lambda n: n.readout_bias, network, network.readout_bias + narrow)
    sharp = eqx.tree_at(lambda d: d.network, sharp, network)
    law = to_float32(ConservationLaw(sharp, KnotheRosenblatt()))
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.uniform(-3, 3, (300, dim)), jnp.float32)
    t = jnp.asarray(rng.uniform(size=300), jnp.float32)

    def energy(law, t, x):
        return jnp.sum(law.velocity(t, x) ** 2)

    def with_slope(law, t, x):
        return jax.value_and_grad(energy, argnums=2)(law, t, x)

    assert_finite(over_points(with_slope, law, t, x))


@pytest.mark.parametrize("name", ["autoregressive", "factorized", "mixture of factorized"])
def test_single_precision_stays_single(name):
    """No field is promoted inside, while double precision is enabled."""
    part = MatrixField(2, width=16, depth=2, key=jax.random.key(7))
    density = DENSITIES[name](2)
    law = to_float32(ConservationLaw(density, KnotheRosenblatt(), part, 0.7))
    mapped = to_float32(ConservationLaw(density, KnotheRosenblatt()))
    t, x = jnp.float32(0.4), jnp.array([0.3, -0.2], jnp.float32)

    def every(law, mapped, t, x):
        density = law.density
        return {
            "log_prob": law.log_prob(t, x),
            "velocity": law.velocity(t, x),
            "flux": law.flux(t, x),
            "score": law.score(t, x),
            "drift": law.drift(t, x),
            "sample": law.sample(jax.random.key(0), t),
            "flow_map": mapped.flow_map(t, 1 - t, x),
            "conditional_cdf": density.conditional_cdf(t, x),
            "inverse_conditional_cdf": density.inverse_conditional_cdf(t, jnp.abs(x)),
        }

    shapes = eqx.filter_eval_shape(every, law, mapped, t, x)
    assert {key for key, value in shapes.items() if value.dtype != jnp.float32} == set()

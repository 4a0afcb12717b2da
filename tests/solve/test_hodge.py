"""The Hodge decomposition of a field whose parts are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.field import FourierField, MatrixField, Torus
from conservax.objective import CollocationPoints, FieldAsymmetry
from conservax.solve import hodge_decomposition
from conservax.train import cosine_muon

TORUS = Torus(2.0)
KEY = jax.random.key(0)


def potential(x):
    return jnp.sin(jnp.pi * x[0]) * jnp.cos(jnp.pi * x[1]) / jnp.pi


def rotating(x):
    """A constant and the rotated gradient of a stream function."""
    stream = jax.grad(lambda x: jnp.cos(jnp.pi * (x[0] + x[1])) / jnp.pi)(x)
    return jnp.array([0.5 + stream[1], -0.3 - stream[0]])


def target(x):
    return jax.grad(potential)(x) + rotating(x)


def test_the_asymmetry_is_that_of_the_rotation_alone():
    """|J - J^T|_F^2 = 2 (curl)^2: the curl of `rotating` is 2 pi cos, of mean square 2 pi^2."""
    at = CollocationPoints(TORUS, 2, 4096)
    still = lambda t, x: jnp.zeros(2)  # noqa: E731
    value = jax.jit(lambda key: FieldAsymmetry(target, at)(key, still, None))(KEY)
    np.testing.assert_allclose(value, 2 * 2 * np.pi**2, rtol=0.03)
    known = lambda t, x: rotating(x) - jnp.array([0.5, -0.3])  # noqa: E731
    value = jax.jit(lambda key: FieldAsymmetry(target, at)(key, known, None))(KEY)
    np.testing.assert_allclose(value, 0, atol=1e-24)


NETWORK = MatrixField(2, domain=TORUS, width=32, depth=2, key=KEY)


@pytest.mark.parametrize(
    ("field", "symmetry_steps"),
    [
        (NETWORK, 0),
        pytest.param(NETWORK, 300, marks=pytest.mark.slow),
        (FourierField(2, domain=TORUS), 0),
    ],
)
def test_both_parts_are_found(field, symmetry_steps, seed):
    parts = hodge_decomposition(
        target,
        field,
        TORUS,
        key=jax.random.fold_in(KEY, seed),
        steps=900,
        symmetry_steps=symmetry_steps,
        width=32,
        learning_rate=1e-2,
    )
    x = CollocationPoints(TORUS, 2, 500)(jax.random.key(1))[1]

    def error(found, known):
        return jnp.sqrt(jnp.mean(jnp.sum((jax.vmap(found)(x) - jax.vmap(known)(x)) ** 2, axis=1)))

    # Both parts have a mean square of about 1.
    assert jax.jit(lambda: error(parts.divergence_free, rotating))() < 0.05
    assert jax.jit(lambda: error(parts.gradient, jax.grad(potential)))() < 0.05
    jacobians = [
        jax.jit(jax.vmap(jax.jacfwd(part)))(x) for part in (parts.divergence_free, parts.gradient)
    ]
    assert np.max(np.abs(np.trace(jacobians[0], axis1=1, axis2=2))) < 1e-10
    assert np.max(np.abs(jacobians[1] - np.swapaxes(jacobians[1], 1, 2))) < 1e-10


def test_a_watched_metric_is_reported():
    reported = []
    field = MatrixField(2, domain=TORUS, width=8, depth=1, key=KEY)
    watch = FieldAsymmetry(target, CollocationPoints(TORUS, 2, 4096))
    hodge_decomposition(
        target,
        field,
        TORUS,
        key=KEY,
        steps=5,
        width=8,
        points=8,
        watch=watch,
        on_chunk=lambda report: reported.append(report.parts),
    )
    np.testing.assert_allclose(reported[0]["asymmetry"], 2 * 2 * np.pi**2, rtol=0.1)


def test_a_field_that_is_not_on_the_torus_is_refused():
    with pytest.raises(ValueError, match=r"expected a field on a torus.*domain=Torus"):
        hodge_decomposition(target, MatrixField(2, key=KEY), TORUS, key=KEY)


@pytest.mark.parametrize("target", [lambda x: x[0], lambda x: jnp.ones(3)])
def test_a_target_of_another_shape_is_refused(target):
    field = MatrixField(2, domain=TORUS, key=KEY)
    with pytest.raises(ValueError, match=r"a target of shape \(2,\)"):
        hodge_decomposition(target, field, TORUS, key=KEY)


def test_other_periods_are_refused():
    field = MatrixField(2, domain=Torus(1.5), key=KEY)
    with pytest.raises(ValueError, match=r"expected field of period 2.0.*Give a torus"):
        hodge_decomposition(target, field, TORUS, key=KEY)
    field = MatrixField(2, domain=TORUS, key=KEY)
    with pytest.raises(ValueError, match=r"expected target of period 2.0; a period away"):
        hodge_decomposition(lambda x: jnp.stack([x[0] - x[1], 0.0]), field, TORUS, key=KEY)
    with pytest.raises(ValueError, match="target to be finite on the torus"):
        hodge_decomposition(lambda x: x / 0, field, TORUS, key=KEY)
    with pytest.raises(ValueError, match="not both 0; got 0 and 0"):
        hodge_decomposition(target, field, TORUS, key=KEY, steps=0)


@pytest.mark.parametrize("shape", [(1, 64), (64, 13), (13, 64)])
def test_steps_of_muon_have_singular_values_of_one(shape):
    """Those of [jordan2024] before they are scaled by the shape; five iterations come near to one only."""
    optimiser, matrix = cosine_muon(1.0, 10), jnp.ones(shape)
    gradient = jax.random.normal(KEY, shape)
    step, _ = optimiser.update(gradient, optimiser.init(matrix), matrix)
    singular = np.linalg.svd(step, compute_uv=False)
    assert np.all((singular > 0.6) & (singular < 1.3))

"""Maps that change in time: inverse, log-determinants, precision, tails, what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flowjax.bijections import Affine, Coupling

from conservax.bijection import (
    AbstractBijection,
    Chain,
    CouplingFlow,
    FlowjaxBijection,
    InterpolatedAffine,
    check_bijection,
)
from conservax.nn import TimeEmbedding
from oracles import (
    bijections,
    compiled,
    couplings,
    perturbed,
    to_float32,
)

KEY = jax.random.key(0)


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("condition_dim", [0, 2])
def test_the_inverse_inverts_and_log_determinants_are_those_of_the_jacobian(dim, condition_dim):
    z = 2 * jax.random.normal(KEY, (20, dim))
    t = jnp.linspace(0, 1, 20)
    condition = jnp.array([0.3, -1.0]) if condition_dim else None

    @compiled
    def at(bijection, t, z):
        x, log_det = bijection.forward_and_log_det(t, z, condition)
        back, of_inverse = bijection.inverse_and_log_det(t, x, condition)
        jacobian = jax.jacfwd(lambda z: bijection.forward_and_log_det(t, z, condition)[0])(z)
        return x, back, log_det, of_inverse, jnp.linalg.slogdet(jacobian)[1]

    for bijection in bijections(dim, condition_dim).values():
        x, back, log_det, of_inverse, true = jax.vmap(lambda t, z, b=bijection: at(b, t, z))(t, z)
        assert np.median(np.abs(x - z)) > 0.1
        np.testing.assert_allclose(back, z, atol=1e-9)
        np.testing.assert_allclose(log_det, true, atol=1e-10)
        np.testing.assert_allclose(of_inverse, true, atol=1e-8)


@pytest.mark.parametrize("transformer", ["affine", "spline"])
def test_it_begins_close_to_the_identity(transformer):
    bijection = CouplingFlow(4, transformer=transformer, key=KEY)
    z = jax.random.normal(KEY, (50, 4))
    x, log_det = jax.vmap(lambda z: bijection.forward_and_log_det(0.3, z))(z)
    np.testing.assert_allclose(x, z, atol=0.2)
    np.testing.assert_allclose(log_det, 0, atol=0.2)


@pytest.mark.parametrize("transformer", ["affine", "spline"])
def test_it_is_the_identity_at_the_time_that_was_asked_for(transformer):
    bijection = couplings(5, transformer=transformer, identity_at=0.25)
    z = jax.random.normal(KEY, (20, 5))

    @compiled
    def at(bijection, t, z):
        x, log_det = bijection.forward_and_log_det(t, z)
        return x, log_det, bijection.inverse_and_log_det(t, x)[0]

    x, log_det, _ = jax.vmap(lambda z: at(bijection, jnp.array(0.25), z))(z)
    np.testing.assert_allclose(x, z, atol=1e-8)  # constants of splines are in single precision
    np.testing.assert_allclose(log_det, 0, atol=1e-8)
    x, _, back = jax.vmap(lambda z: at(bijection, jnp.array(0.8), z))(z)
    assert np.median(np.abs(x - z)) > 0.05
    np.testing.assert_allclose(back, z, atol=1e-9)


@pytest.mark.parametrize("transformer", ["affine", "spline"])
def test_tails_are_finite_in_single_precision_with_their_gradients(transformer):
    bijection = to_float32(couplings(5, transformer=transformer))
    x = jnp.array([1e4, -1e4, 0.0, 1e4, 3e3], jnp.float32)

    def far(parameters, x, way):
        y, log_det = getattr(eqx.combine(parameters, rest), way)(jnp.float32(0.4), x)
        return jnp.sum(y) + log_det, y

    parameters, rest = eqx.partition(bijection, eqx.is_inexact_array)
    for way in ("forward_and_log_det", "inverse_and_log_det"):
        slopes, y = jax.grad(far, argnums=(0, 1), has_aux=True)(parameters, x, way)
        assert y.dtype == jnp.float32
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves((slopes, y)))
        # At most the largest scale a layer, in each of three.
        assert np.linalg.norm(y) < np.exp(3) * np.linalg.norm(x)


def test_a_chain_goes_from_the_first_to_the_last():
    double = InterpolatedAffine([0.0], np.zeros((1, 1)), np.full((1, 1, 1), 2.0))
    shift = InterpolatedAffine([0.0], np.ones((1, 1)), np.ones((1, 1, 1)))
    x, log_det = Chain(double, shift).forward_and_log_det(0.0, jnp.array([3.0]))
    np.testing.assert_allclose(x, [7.0])
    np.testing.assert_allclose(log_det, np.log(2))


@pytest.mark.parametrize("transformer", ["affine", "spline"])
def test_it_stays_a_bijection_whatever_an_optimiser_does(transformer):
    moved = perturbed(couplings(3, transformer=transformer), jax.random.key(5), noise=0.3)
    z = jax.random.normal(KEY, (10, 3))

    @compiled
    def at(bijection, z):
        x, log_det = bijection.forward_and_log_det(0.3, z)
        jacobian = jax.jacfwd(lambda z: bijection.forward_and_log_det(0.3, z)[0])(z)
        return bijection.inverse_and_log_det(0.3, x)[0], log_det - jnp.linalg.slogdet(jacobian)[1]

    back, wrong = jax.vmap(lambda z: at(moved, z))(z)
    np.testing.assert_allclose(back, z, atol=1e-9)
    np.testing.assert_allclose(wrong, 0, atol=1e-9)
    gradient = jax.grad(lambda b: b.forward_and_log_det(0.3, z[0])[0].sum())(moved)
    assert not gradient.rotations.any()


def test_scales_are_bounded():
    wide = couplings(2, max_log_scale=0.1, layers=4, noise=5.0)
    log_det = jax.vmap(lambda z: wide.forward_and_log_det(0.5, z)[1])(
        jax.random.normal(KEY, (50, 2))
    )
    assert 0.2 < np.abs(log_det).max() <= 4 * 0.1 + 1e-12


def test_a_bijection_of_flowjax_keeps_single_precision():
    sizes = {"untransformed_dim": 1, "dim": 2, "cond_dim": 5, "nn_width": 4, "nn_depth": 1}
    coupling = Coupling(KEY, transformer=Affine(), **sizes)
    bijection = to_float32(FlowjaxBijection(coupling, TimeEmbedding(2, 1.0, 0)))
    for way in (bijection.forward_and_log_det, bijection.inverse_and_log_det):
        for part in way(jnp.float32(0.2), jnp.ones(2, jnp.float32)):
            assert part.dtype == jnp.float32


def test_a_bijection_of_flowjax_that_sees_nothing_has_no_condition():
    resting = FlowjaxBijection(Affine(jnp.ones(2), 2 * jnp.ones(2)), TimeEmbedding(2, 1.0, 3))
    assert resting.condition_dim == 0
    for t in (0.0, 0.7):
        x, log_det = resting.forward_and_log_det(t, jnp.array([1.0, -1.0]))
        np.testing.assert_allclose(x, [3.0, -1.0])
        assert log_det == pytest.approx(2 * np.log(2.0))
    check_bijection(resting)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="expected dim >= 2: a coupling needs two halves; got 1"):
        CouplingFlow(1, key=KEY)
    with pytest.raises(ValueError, match=r"expected a transformer of \['affine', 'spline'\]"):
        CouplingFlow(2, transformer="quadratic", key=KEY)
    with pytest.raises(ValueError, match="of at least 1, and max_log_scale above 0"):
        CouplingFlow(2, max_log_scale=0.0, key=KEY)
    with pytest.raises(
        ValueError, match=r"of one dimension and one condition; got dimensions \[2, 3\]"
    ):
        Chain(couplings(2), couplings(3))
    with pytest.raises(ValueError, match="expected bijections of one dimension"):
        Chain()
    coupling = {"untransformed_dim": 1, "dim": 2, "cond_dim": 3, "nn_width": 4, "nn_depth": 1}
    with pytest.raises(ValueError, match=r"cond_shape of \(5,\), as many as the features of time"):
        FlowjaxBijection(Coupling(KEY, transformer=Affine(), **coupling), TimeEmbedding(2, 1.0, 0))


class Wrong(AbstractBijection):
    """x = 2 z, with a fault."""

    fault: str = eqx.field(static=True)
    dim: int = eqx.field(static=True, default=2)
    condition_dim: int = eqx.field(static=True, default=1)

    def forward_and_log_det(self, t, z, condition=None):
        return 2 * z, (0.0 if self.fault == "forward" else 2 * jnp.log(2.0)) + 0 * z[0]

    def inverse_and_log_det(self, t, x, condition=None):
        z = x / (2.1 if self.fault == "point" else 2.0)
        return z, (-1 if self.fault == "inverse" else 1) * 2 * jnp.log(2.0) + 0 * z[0]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("point", "returns to z .*; Wrong is off by 0.0"),
        ("forward", "of its Jacobian"),
        ("inverse", "not that of the inverse"),
    ],
)
def test_a_map_whose_parts_disagree_is_refused(fault, message):
    with pytest.raises(ValueError, match=message):
        check_bijection(Wrong(fault))


def test_right_maps_pass():
    check_bijection(Wrong("none"))
    for bijection in bijections(3, 2).values():
        check_bijection(bijection)

"""Maps that change in time: inverse, log-determinants, precision, tails, what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flowjax.bijections import Affine, Coupling

from conservax.bijection import Couplings, FlowjaxBijection
from conservax.nn import TimeEmbedding
from oracles import bijections, compiled, couplings, to_float32

KEY = jax.random.key(0)


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("condition_dim", [0, 2])
def test_the_inverse_inverts_and_log_determinants_are_those_of_the_jacobian(dim, condition_dim):
    z = 2 * jax.random.normal(KEY, (20, dim))
    t = jnp.linspace(0, 1, 20)
    condition = jnp.array([0.3, -1.0]) if condition_dim else None

    @compiled
    def at(bijection, t, z):
        x, log_det = bijection.forward(t, z, condition)
        back, of_inverse = bijection.inverse(t, x, condition)
        jacobian = jax.jacfwd(lambda z: bijection.forward(t, z, condition)[0])(z)
        return x, back, log_det, of_inverse, jnp.linalg.slogdet(jacobian)[1]

    for bijection in bijections(dim, condition_dim).values():
        x, back, log_det, of_inverse, true = jax.vmap(lambda t, z, b=bijection: at(b, t, z))(t, z)
        assert np.median(np.abs(x - z)) > 0.1
        np.testing.assert_allclose(back, z, atol=1e-9)
        np.testing.assert_allclose(log_det, true, atol=1e-10)
        np.testing.assert_allclose(of_inverse, true, atol=1e-8)


@pytest.mark.parametrize("transformer", ["affine", "spline"])
def test_it_begins_close_to_the_identity(transformer):
    bijection = Couplings(4, transformer=transformer, key=KEY)
    z = jax.random.normal(KEY, (50, 4))
    x, log_det = jax.vmap(lambda z: bijection.forward(0.3, z))(z)
    np.testing.assert_allclose(x, z, atol=0.2)
    np.testing.assert_allclose(log_det, 0, atol=0.2)


@pytest.mark.parametrize("transformer", ["affine", "spline"])
def test_tails_are_finite_in_single_precision_with_their_gradients(transformer):
    bijection = to_float32(couplings(5, transformer=transformer))
    x = jnp.array([1e4, -1e4, 0.0, 1e4, 3e3], jnp.float32)

    def far(parameters, x, way):
        y, log_det = getattr(eqx.combine(parameters, rest), way)(jnp.float32(0.4), x)
        return jnp.sum(y) + log_det, y

    parameters, rest = eqx.partition(bijection, eqx.is_inexact_array)
    for way in ("forward", "inverse"):
        slopes, y = jax.grad(far, argnums=(0, 1), has_aux=True)(parameters, x, way)
        assert y.dtype == jnp.float32
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves((slopes, y)))
        # At most the largest scale a layer, in each of three.
        assert np.linalg.norm(y) < np.exp(3) * np.linalg.norm(x)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="expected dim >= 2: a coupling needs two halves; got 1"):
        Couplings(1, key=KEY)
    with pytest.raises(ValueError, match=r"expected a transformer of \['affine', 'spline'\]"):
        Couplings(2, transformer="quadratic", key=KEY)
    with pytest.raises(ValueError, match="of at least 1, and max_log_scale above 0"):
        Couplings(2, max_log_scale=0.0, key=KEY)
    coupling = {"untransformed_dim": 1, "dim": 2, "cond_dim": 3, "nn_width": 4, "nn_depth": 1}
    with pytest.raises(ValueError, match=r"cond_shape of \(5,\), as many as the features of time"):
        FlowjaxBijection(Coupling(KEY, transformer=Affine(), **coupling), TimeEmbedding(2, 1.0, 0))

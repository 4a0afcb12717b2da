"""Laws pushed forward by bijections: conservation, closed forms, draws, trajectories, precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.bijection import AbstractBijection
from conservax.check import continuity_residual
from conservax.density import DiagonalGaussianMixture, Gaussian, PushForward
from conservax.field import MatrixField
from conservax.flux import (
    FactorizedFlux,
    KnotheRosenblatt,
    PushForwardFlux,
    SigmoidCancellation,
    ZeroFlux,
)
from conservax.law import ConservationLaw
from conservax.transport import solve_ode
from oracles import (
    assert_conserved,
    autoregressive,
    bijections,
    compiled,
    couplings,
    over_points,
    points,
    to_float32,
)

KEY = jax.random.key(3)


def resting(dim, components=3):
    key, other = jax.random.split(KEY)
    scale = 0.5 + jax.random.uniform(other, (components, dim))
    return DiagonalGaussianMixture(jax.random.normal(key, (components, dim)), scale)


def law_of(dim, kind="affine", *, moving=False, condition_dim=0, **options):
    bijection = bijections(dim, condition_dim)[kind]
    base = autoregressive(dim) if moving else resting(dim)
    flux = PushForwardFlux(KnotheRosenblatt()) if moving else PushForwardFlux()
    return ConservationLaw(PushForward(base, bijection), flux, **options)


heavy = pytest.mark.slow


@pytest.mark.parametrize(
    ("kind", "dim", "moving"),
    [
        ("masked autoregressive", 1, False),
        ("affine", 2, True),
        pytest.param("affine", 5, False, marks=heavy),
        ("spline", 2, False),
        pytest.param("spline", 3, True, marks=heavy),
        pytest.param("masked autoregressive", 5, True, marks=heavy),
        ("chain", 3, False),
    ],
)
def test_both_equations_hold(kind, dim, moving):
    law = law_of(dim, kind, moving=moving, diffusion=lambda t: 0.3 + 0.5 * t)
    assert_conserved(law, *points(law.density, 200))


@pytest.mark.parametrize("kind", ["affine", pytest.param("spline", marks=heavy)])
def test_probability_is_conserved_in_fifty_dimensions(kind):
    law = law_of(50, kind)
    t, x = points(law.density, 20)

    def terms(law, t, x):
        slope = jax.grad(law.log_prob, argnums=1)(t, x)
        jacobian = jax.jacfwd(lambda x: law.velocity(t, x))(x)
        return jnp.append(law.velocity(t, x) * slope, jnp.trace(jacobian)), jax.grad(law.log_prob)(
            t, x
        )

    moved, change = over_points(terms, law, t, x)
    assert np.median(np.abs(change)) > 0.1
    np.testing.assert_allclose(-np.sum(moved, axis=1), change, atol=1e-10)


@pytest.mark.parametrize("of_base", [False, True])
def test_conserved_under_a_condition_and_beside_a_field(of_base):
    """A condition of the bijection alone, and of a moving base alone."""
    condition = jnp.array([0.4, -1.0])
    law = law_of(2, "spline", condition_dim=2)
    if of_base:
        density = PushForward(autoregressive(2, condition_dim=2), couplings(2))
        law = ConservationLaw(density, PushForwardFlux(KnotheRosenblatt()))
    field = MatrixField(2, width=8, depth=1, condition_dim=2, key=KEY)
    law = ConservationLaw(law.density, law.base_flux, field)
    t, x = points(law.density, 100, condition=condition)
    residual = over_points(lambda *at: continuity_residual(*at, condition), law, t, x)
    np.testing.assert_array_less(np.abs(residual), 1e-10)
    with pytest.raises(ValueError, match="expected a condition of shape"):
        law.log_prob(0.0, x[0])


@pytest.mark.parametrize("moving", [False, True])
def test_the_closed_map_is_the_ode_and_draws_move_with_it(moving):
    law = law_of(2, moving=moving)
    assert law.has_flow_map
    x = points(law.density, 20)[1]
    times = jnp.array([0.2, 0.9])
    by_ode = jax.vmap(lambda x: solve_ode(law, x, times))(x)[:, 1]
    closed = jax.vmap(lambda x: law.flow_map(*times, x))(x)
    assert np.median(np.linalg.norm(closed - x, axis=1)) > 0.1
    np.testing.assert_allclose(closed, by_ode, atol=1e-4)
    there, velocity = jax.vmap(lambda key: law.sample_with_drift(key, 0.4))(
        jax.random.split(KEY, 9)
    )
    np.testing.assert_allclose(velocity, jax.vmap(lambda x: law.velocity(0.4, x))(there), atol=1e-8)


def test_draws_have_the_density():
    law = law_of(1, "masked autoregressive")
    x = np.asarray(jax.vmap(lambda key: law.sample(key, 0.7))(jax.random.split(KEY, 20_000)))[:, 0]
    grid = np.linspace(x.min() - 3, x.max() + 3, 4001)
    density = np.exp(jax.vmap(lambda x: law.log_prob(0.7, x[None]))(jnp.asarray(grid)))
    below = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(grid))])
    np.testing.assert_allclose(below[-1], 1, atol=1e-6)
    statistic = stats.kstest(np.interp(x, grid, below), "uniform").statistic
    assert statistic < stats.kstwo.isf(1e-6, len(x))


class Linear(AbstractBijection):
    """x = shift(t) + matrix(t) z, in closed form."""

    shift: callable
    matrix: callable
    dim: int = 2
    condition_dim: int = 0

    def forward_and_log_det(self, t, z, condition=None):
        return self.shift(t) + self.matrix(t) @ z, jnp.linalg.slogdet(self.matrix(t))[1]

    def inverse_and_log_det(self, t, x, condition=None):
        z = jnp.linalg.solve(self.matrix(t), x - self.shift(t))
        return z, jnp.linalg.slogdet(self.matrix(t))[1]


def turned(t):
    return jnp.array([[jnp.cos(t), -jnp.sin(t)], [jnp.sin(t), jnp.cos(t)]])


CLOSED = {
    "translation": (
        lambda t: jnp.array([2.0, -1.0]) * t,
        lambda t: jnp.eye(2),
        lambda t, x: [2, -1],
    ),
    "rotation": (lambda t: jnp.zeros(2), turned, lambda t, x: [-x[1], x[0]]),
    # dX = -X dt + g dW with g^2 = 1: variance 1/2 + e^-2t / 2 of each coordinate from 1.
    "Ornstein-Uhlenbeck": (
        lambda t: jnp.exp(-t) * jnp.array([1.0, 0.5]),
        lambda t: jnp.sqrt(0.5 + 0.5 * jnp.exp(-2 * t)) * jnp.eye(2),
        None,
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_linear_map_of_a_normal_is_a_known_process(name):
    shift, matrix, velocity = CLOSED[name]
    base = DiagonalGaussianMixture(jnp.zeros((1, 2)), jnp.ones((1, 2)))
    law = ConservationLaw(
        PushForward(base, Linear(shift, matrix)), PushForwardFlux(), diffusion=1.0
    )
    normal = Gaussian(2, shift, lambda t: jnp.linalg.cholesky(matrix(t) @ matrix(t).T))
    for t, x in zip(*points(normal, 20), strict=True):
        np.testing.assert_allclose(law.log_prob(t, x), normal.log_prob(t, x), atol=1e-12)
        if velocity is None:
            np.testing.assert_allclose(law.drift(t, x), -x, atol=1e-12)
        else:
            np.testing.assert_allclose(law.velocity(t, x), velocity(t, x), atol=1e-12)


@pytest.mark.parametrize("kind", ["affine", "spline"])
def test_tails_are_finite_in_single_precision_with_their_gradients(kind):
    law = to_float32(law_of(5, kind))
    x = jnp.array([1e4, -1e4, 0.0, 1e4, 3e3], jnp.float32)

    @compiled
    def at(law, t, x):
        (log_prob, score), velocity = (
            jax.value_and_grad(law.log_prob, argnums=1)(t, x),
            law.velocity,
        )
        slopes = jax.grad(lambda law: jnp.sum(law.velocity(t, x)) + law.log_prob(t, x))(law)
        return log_prob, score, velocity(t, x), jax.tree.leaves(slopes)

    found = jax.tree.leaves(at(law, jnp.float32(0.3), x))
    assert {leaf.dtype for leaf in found} == {jnp.dtype(jnp.float32)}
    assert all(np.all(np.isfinite(leaf)) for leaf in found)


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="of one dimension; got 3 and 2"):
        PushForward(resting(3), couplings(2))
    with pytest.raises(ValueError, match="got condition_dim 1 and 2"):
        PushForward(autoregressive(2, condition_dim=1), couplings(2, condition_dim=2))
    with pytest.raises(TypeError, match="a flux with a closed flow map; got SigmoidCancellation"):
        PushForwardFlux(SigmoidCancellation())
    moving = PushForward(autoregressive(2), couplings(2))
    with pytest.raises(
        TypeError, match="DiagonalGaussianMixture with ZeroFlux; got Autoregressive"
    ):
        ConservationLaw(moving, PushForwardFlux())
    with pytest.raises(TypeError, match="with FactorizedFlux"):
        ConservationLaw(moving, PushForwardFlux(FactorizedFlux()))
    with pytest.raises(TypeError, match="with ZeroFlux"):
        ConservationLaw(autoregressive(2), ZeroFlux())
    with pytest.raises(ValueError, match="one shape"):
        DiagonalGaussianMixture(jnp.zeros((3, 2)), jnp.ones((3, 1)))
    with pytest.raises(ValueError, match="scales above 0"):
        DiagonalGaussianMixture(jnp.zeros((3, 2)), jnp.zeros((3, 2)))

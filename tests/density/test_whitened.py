"""A density in whitened coordinates, held to normals known in closed form."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from conservax.density import Autoregressive, Gaussian, Whitened
from conservax.flux import KnotheRosenblatt

KNOTS = [0.0, 0.25, 1.0]
CENTRE = np.array([[0.0, 1.0], [3.0, -1.0], [5.0, 0.0]])
FACTOR = np.array([[[1.0, 0.0], [0.5, 0.3]], [[0.1, 0.0], [-0.2, 0.4]], [[2.0, 0.0], [1.0, 1.0]]])


@pytest.fixture(scope="module")
def rest():
    """A standard normal at rest, whitened by three others."""
    normal = Gaussian(2, lambda t: jnp.zeros(2) + 0 * t, lambda t: jnp.ones(2) + 0 * t)
    return Whitened(normal, KNOTS, CENTRE, FACTOR)


@pytest.mark.parametrize("knot", range(3))
def test_at_the_knots_it_is_the_requested_normal(rest, knot):
    x = np.random.default_rng(0).normal(size=(50, 2)) + CENTRE[knot]
    truth = multivariate_normal(CENTRE[knot], FACTOR[knot] @ FACTOR[knot].T)
    ours = jax.vmap(lambda x: rest.log_prob(jnp.array(KNOTS[knot]), x))(jnp.asarray(x))
    np.testing.assert_allclose(ours, truth.logpdf(x), rtol=1e-10)


def test_a_normal_at_rest_is_pushed_along_straight_lines(rest):
    z = np.random.default_rng(1).normal(size=(20, 2))

    def along(s):
        factor = (1 - s) * FACTOR[1] + s * FACTOR[2]
        return (1 - s) * CENTRE[1] + s * CENTRE[2] + z @ factor.T

    t, x = jnp.array(0.55), jnp.asarray(along(0.4))
    velocity = jax.vmap(lambda x: KnotheRosenblatt().velocity(rest, t, x))(x)
    np.testing.assert_allclose(velocity, (along(1.0) - along(0.0)) / 0.75, rtol=1e-9)
    moved = jax.vmap(lambda x: KnotheRosenblatt().flow_map(rest, t, jnp.array(1.0), x))(x)
    np.testing.assert_allclose(moved, along(1.0), rtol=1e-9)


@pytest.mark.parametrize(("knot", "begin"), [(0, 0), (1, 1), (2, 1)])
def test_at_a_knot_the_velocity_is_that_of_the_time_inside(rest, knot, begin):
    # That of the next stretch or, at the last knot, of the one before.
    x, t = jnp.asarray(CENTRE[knot]), jnp.array(KNOTS[knot])
    pace = (CENTRE[begin + 1] - CENTRE[begin]) / (KNOTS[begin + 1] - KNOTS[begin])
    velocity = KnotheRosenblatt().velocity(rest, t, x)
    np.testing.assert_allclose(velocity, pace, rtol=1e-9)


def test_it_rests_outside_its_knots(rest):
    later = Whitened(rest.density, [0.2, 0.6], CENTRE[:2], FACTOR[:2])
    x = jnp.asarray(CENTRE[0])
    for t in (0.0, 0.1):
        assert later.log_prob(jnp.array(t), x) == rest.log_prob(jnp.array(0.0), x)
        assert not KnotheRosenblatt().velocity(later, jnp.array(t), x).any()


def test_a_network_begins_as_about_the_standard_normal():
    key = jax.random.key(0)
    begun = Autoregressive(3, components=16, kernel="normal", begin_normal=True, key=key)
    x = np.random.default_rng(2).normal(size=(4000, 3))
    ours = jax.vmap(lambda x: begun.log_prob(jnp.array(0.3), x))(jnp.asarray(x))
    gap = multivariate_normal(np.zeros(3)).logpdf(x) - ours  # its mean is the divergence, nats
    assert 0 <= gap.mean() < 0.02


def test_means_and_factors_are_not_trained(rest):
    grads = eqx.filter_grad(lambda d: d.log_prob(jnp.array(0.1), jnp.ones(2)))(rest)
    assert not grads.map.centre.any()
    assert not grads.map.factor.any()
    assert not grads.map.knots.any()


@pytest.mark.parametrize(
    ("knots", "centre", "factor", "message"),
    [
        (KNOTS, CENTRE[:2], FACTOR, "centre of shape"),
        ([0.0, 1.0, 0.5], CENTRE, FACTOR, "knots that rise"),
        (KNOTS, CENTRE, -FACTOR, "positive diagonal"),
    ],
)
def test_what_makes_no_sense_is_refused(rest, knots, centre, factor, message):
    with pytest.raises(ValueError, match=message):
        Whitened(rest.density, knots, centre, factor)

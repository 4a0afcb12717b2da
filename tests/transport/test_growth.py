"""Particles that multiply on their way: closed forms, and the balance of mass."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.transport import transport, transport_with_growth
from oracles import compiled, factorized, growing, over_points, two_clones

KEY = jax.random.key(4)


@pytest.mark.parametrize(("t0", "t1"), [(0.0, 1.0), (0.2, 0.7), (0.9, 0.3)])
def test_a_clone_has_as_many_descendants_as_it_grows(t0, t1):
    law = two_clones()
    x = jnp.asarray([[-20.5], [20.3]])
    found = over_points(
        lambda law, t, x: transport_with_growth(law, x, t, jnp.asarray(t1)), law, jnp.full(2, t0), x
    )
    grown = np.array([0.6, -0.8]) * (np.cos(np.pi * t1) - np.cos(np.pi * t0))
    np.testing.assert_allclose(found[1], grown, atol=2e-3)  # of 64 trapezoids
    straight = over_points(
        lambda law, t, x: transport(law, x, jnp.stack([t, jnp.asarray(t1)]))[-1],
        law,
        jnp.full(2, t0),
        x,
    )
    np.testing.assert_allclose(found[0], straight, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("diffusion", [0.0, 0.7])
@pytest.mark.parametrize(("t0", "t1"), [(0.1, 0.6), (0.6, 0.1)])
def test_weighed_particles_are_the_population_of_the_other_time(t0, t1, diffusion, seed):
    law, count = growing(factorized, 1), 50_000
    keys = jax.random.split(jax.random.fold_in(KEY, seed), count)

    def one(law, key):
        first, second = jax.random.split(key)
        x = law.sample(first, jnp.asarray(t0))
        how = {"key": second, "diffusion": diffusion, "rtol": 1e-4, "atol": 1e-4}
        end, log_number = transport_with_growth(law, x, jnp.asarray(t0), jnp.asarray(t1), **how)
        return end, log_number, law.sample(second, jnp.asarray(t1))

    x, log_number, drawn = compiled(lambda law, keys: jax.vmap(lambda k: one(law, k))(keys))(
        law, keys
    )
    number = np.exp(np.asarray(log_number))
    assert number.std() > 0.1
    ratio = float(jnp.exp(law.log_mass(t1) - law.log_mass(t0)))
    assert abs(ratio - 1) > 0.1
    # Standard errors over seeds: 0.0012 of the mean, 0.0035 of the median.
    assert number.mean() == pytest.approx(ratio, rel=0.02)
    for quantile in (0.1, 0.5, 0.9):
        level = np.quantile(drawn, quantile)
        assert number @ (x[:, 0] < level) / number.sum() == pytest.approx(quantile, abs=0.02)


def test_without_growth_every_particle_stays_one():
    law = ConservationLaw(factorized(2), KnotheRosenblatt())
    x = jnp.asarray([0.3, -1.0])
    end, log_number = transport_with_growth(law, x, 0.0, 1.0)
    np.testing.assert_array_equal(end, transport(law, x, jnp.asarray([0.0, 1.0]))[-1])
    assert log_number == 0

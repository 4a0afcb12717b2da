import jax
import jax.numpy as jnp
import pytest

from conservax.check._draws import draw_rows, random_times
from conservax.check._mass import check_mass
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw


def measured(density, conditions=None):
    law = ConservationLaw(density, KnotheRosenblatt())
    times = random_times(jax.random.key(5), 50, law)
    rows = draw_rows(law, jax.random.key(4), times, conditions)
    return check_mass(law, rows, jax.random.key(6))


@pytest.mark.parametrize("dim", [1, 2, pytest.param(5, marks=pytest.mark.slow)])
def test_the_mass_is_one_to_seven_digits(dim, shaken):
    result = measured(shaken(dim))
    assert result.passed
    assert result.value < 1e-7


def test_the_mass_of_a_gaussian_is_one(gaussian):
    assert measured(gaussian).value < 1e-7


def test_in_float32_the_mass_is_one_to_five_digits(shaken):
    result = measured(jax.tree.map(lambda leaf: leaf.astype(jnp.float32), shaken(2)))
    assert result.passed
    assert result.value < 1e-5


def test_needles_are_found(shaken):
    # Shaken hard: scales from 1e-3 to 10, and components of all weights.
    assert measured(shaken(2, size=0.3)).value < 1e-7


def test_every_coordinate_may_be_looked_at():
    from conservax.check._mass import LINES, _coordinates

    seen = {int(i) for n in range(40) for i in _coordinates(jax.random.key(n), 64)}
    assert seen == set(range(64))
    assert sorted(set(_coordinates(jax.random.key(0), 3).tolist())) == [0, 1, 2]
    assert len(_coordinates(jax.random.key(0), 64)) == LINES


def test_one_per_cent_too_much_fails(gaussian, tampered):
    result = measured(tampered(gaussian, mass=1.01))
    assert not result.passed
    assert abs(result.value - (1.01**0.5 - 1)) < 1e-6


def test_a_likelihood_that_is_not_the_product_of_its_conditionals_fails(gaussian):
    class Louder(type(gaussian)):
        def log_prob(self, t, x, condition=None):
            return super().log_prob(t, x, condition) + 0.01

    result = measured(Louder(2, gaussian.mean, gaussian.scale))
    assert not result.passed
    assert abs(result.value - 0.01) < 1e-6


def test_the_conditions_given_are_those_used(shaken):
    assert measured(shaken(2, condition_dim=1), jnp.array([[0.0], [3.0]])).passed

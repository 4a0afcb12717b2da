"""The state cost of normals, against the cross entropy in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import Gaussian
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import Rows, StateCost

KEY = jax.random.key(2)
SPEED = 1.5
LAW = ConservationLaw(
    Gaussian(2, lambda t: jnp.array([SPEED, 0.0]) * t, lambda t: jnp.ones(2)), KnotheRosenblatt()
)


def rows(count, scale=1.0, **more):
    return Rows(jnp.zeros(count), scale * jax.random.normal(KEY, (count, 2)), **more)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_it_is_the_cross_entropy_with_the_rows(scale):
    """Of N(SPEED t, 1) with the rows N(0, scale^2), widened by the kernel."""
    count = 4000
    spread = jnp.full((count, 2), scale)
    found = StateCost(4000)(KEY, LAW, rows(count, scale, spread=spread))
    variance = scale**2 * (1 + count ** (-2 / 6))
    second_moment = 2 + SPEED**2 / 3
    expected = np.log(2 * np.pi * variance) + second_moment / (2 * variance)
    assert found == pytest.approx(expected, abs=0.04)


def test_rows_of_no_weight_do_not_count():
    here = rows(1000)
    far = here._replace(
        x=jnp.concatenate([here.x, here.x + 50]),
        t=jnp.zeros(2000),
        weight=jnp.repeat(jnp.array([2.0, 0.0]), 1000),
    )
    halved = StateCost(500)(KEY, LAW, far)
    wider = (2000 / 1000) ** (-1 / 6)
    assert halved == pytest.approx(float(StateCost(500)(KEY, LAW, here)), abs=2 * (1 - wider))


def test_its_gradient_is_finite_far_from_all_rows():
    def cost(shift):
        law = ConservationLaw(
            Gaussian(2, lambda t: shift * jnp.ones(2), lambda t: jnp.ones(2)), KnotheRosenblatt()
        )
        return StateCost()(KEY, law, rows(300))

    value, slope = jax.value_and_grad(cost)(jnp.float32(1e4))
    assert np.isfinite(value)
    assert slope > 0

"""Coupled matching against laws whose motion is known."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import Autoregressive, Gaussian
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import CoupledMatching, Rows

KEY = jax.random.key(1)
SHIFT = jnp.array([2.0, -1.0])


def pairs(key=KEY, count=4000):
    """Standard normal cells at 0.2, and the same, shifted, at 0.6."""
    cells = jax.random.normal(key, (count, 2))
    before = jnp.column_stack([jnp.full(count, 0.2), cells])
    after = jnp.column_stack([jnp.full(count, 0.6), cells + SHIFT[None]])
    return jnp.stack([before, after], axis=1)


def rows(pair):
    """Rows that the objective has no use for but their number."""
    return Rows(jnp.full(len(pair), jnp.nan), jnp.full((len(pair), 2), jnp.nan), pair=pair)


def moving(speed):
    density = Gaussian(2, lambda t: speed * t, lambda t: jnp.ones(2))
    return ConservationLaw(density, KnotheRosenblatt())


@pytest.mark.parametrize("robust", [False, True])
def test_a_law_that_follows_the_pairs_has_nothing_left(robust):
    law = moving(SHIFT / 0.4)
    assert CoupledMatching(robust=robust)(KEY, law, rows(pairs())) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("share", [0.0, 0.5, -1.0])
def test_it_is_the_share_of_the_motion_that_is_not_explained(share):
    law = moving(share * SHIFT / 0.4)
    found = CoupledMatching()(KEY, law, rows(pairs()))
    assert found == pytest.approx((1 - share) ** 2, rel=1e-6)
    # sqrt(1 + e^2) - 1, twice: e^2 for little, 2 e for much.
    robust = CoupledMatching(robust=True)(KEY, law, rows(pairs()))
    assert robust == pytest.approx(2 * (np.hypot(1, 1 - share) - 1), rel=1e-6)


def test_it_does_not_depend_on_units_of_time_or_space():
    law, pair = moving(0.3 * SHIFT / 0.4), pairs()
    slower = pair.at[..., 0].set((pair[..., 0] - 0.2) / 2 + 0.2)
    whole = CoupledMatching()(KEY, moving(0.6 * SHIFT / 0.4), rows(slower))
    assert whole == pytest.approx(float(CoupledMatching()(KEY, law, rows(pair))), rel=1e-6)


def test_pairs_at_rest_have_finite_values_and_gradients():
    law = ConservationLaw(
        Autoregressive(2, components=2, width=8, depth=1, key=KEY), KnotheRosenblatt()
    )
    still = pairs().at[:, 1, 1:].set(pairs()[:, 0, 1:])
    for robust in (False, True):
        value, slope = eqx.filter_value_and_grad(
            lambda law, robust=robust: CoupledMatching(robust=robust)(KEY, law, rows(still))
        )(law)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((value, slope)))


def test_rows_without_pairs_are_refused():
    with pytest.raises(ValueError, match="expected rows with pairs"):
        CoupledMatching()(KEY, moving(SHIFT), Rows(jnp.zeros(3), jnp.zeros((3, 2))))

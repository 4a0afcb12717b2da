import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import Autoregressive
from conservax.flux import KnotheRosenblatt, SigmoidCancellation
from conservax.law import ConservationLaw
from conservax.transport import solve_ode, solve_sde, transport

X = jnp.array([0.3, -0.8])
TIMES = jnp.array([0.1, 0.5, 0.9])
compiled = eqx.filter_jit(transport)


def test_the_closed_map_is_taken_where_there_is_one(gaussian):
    closed = [X, *(gaussian.flow_map(TIMES[0], t, X) for t in TIMES[1:])]
    np.testing.assert_allclose(compiled(gaussian, X, TIMES), jnp.stack(closed), rtol=1e-12)


def test_the_ode_is_taken_where_there_is_no_map(gaussian):
    law = ConservationLaw(gaussian.density, SigmoidCancellation())
    expected = eqx.filter_jit(solve_ode)(law, X, TIMES)
    np.testing.assert_array_equal(compiled(law, X, TIMES), expected)


@pytest.mark.parametrize("diffusion", [0.5, lambda t: t])
def test_the_sde_is_taken_with_diffusion(gaussian, diffusion):
    key = jax.random.key(3)
    expected = eqx.filter_jit(solve_sde)(key, gaussian, X, TIMES, diffusion=diffusion)
    np.testing.assert_array_equal(
        compiled(gaussian, X, TIMES, key=key, diffusion=diffusion), expected
    )


def test_none_stands_for_the_diffusion_of_the_law(ornstein_uhlenbeck, gaussian):
    key = jax.random.key(3)
    own = compiled(ornstein_uhlenbeck, X, TIMES, key=key, diffusion=None)
    np.testing.assert_array_equal(
        own, compiled(ornstein_uhlenbeck, X, TIMES, key=key, diffusion=0.8)
    )
    np.testing.assert_array_equal(
        compiled(gaussian, X, TIMES, diffusion=None), compiled(gaussian, X, TIMES)
    )


def test_the_condition_reaches_every_method():
    density = Autoregressive(
        2, components=4, width=16, depth=1, condition_dim=1, key=jax.random.key(0)
    )
    for flux, options in (
        (KnotheRosenblatt(), {}),
        (SigmoidCancellation(), {}),
        (KnotheRosenblatt(), {"diffusion": 0.3, "key": jax.random.key(1)}),
    ):
        law = ConservationLaw(density, flux)
        one, other = (
            compiled(law, X, TIMES, condition=jnp.array([c]), **options) for c in (0.0, 2.0)
        )
        assert np.abs(one - other)[1:].max() > 1e-3
        with pytest.raises(ValueError, match="expected a condition"):
            compiled(law, X, TIMES, **options)


def test_noise_needs_a_key(gaussian):
    with pytest.raises(ValueError, match="expected a key with diffusion; got None"):
        transport(gaussian, X, TIMES, diffusion=0.5)


def test_a_negative_diffusion_is_refused(gaussian):
    with pytest.raises(ValueError, match="expected a diffusion >= 0; got -1"):
        transport(gaussian, X, TIMES, diffusion=-1.0)


def test_times_that_turn_round_are_refused(gaussian):
    with pytest.raises(ValueError, match="only grow or only fall"):
        transport(gaussian, X, jnp.array([0.0, 1.0, 0.5]))


@pytest.mark.parametrize("diffusion", [0.0, 0.3])
@pytest.mark.parametrize(
    "given", [(jnp.float32, jnp.float64), (jnp.float32, jnp.float32), (jnp.float64, jnp.float32)]
)
def test_points_of_less_precision_are_transported_in_that_of_the_law(diffusion, given):
    density = Autoregressive(1, components=2, width=8, depth=1, key=jax.random.key(1))
    law = ConservationLaw(density, KnotheRosenblatt())
    x, times = jnp.ones(1, given[0]), jnp.array([0.125, 0.5], given[1])  # exact in both
    how = {"key": jax.random.key(0), "diffusion": diffusion, "steps": 20}
    path = transport(law, x, times, **how)
    assert path.dtype == jnp.float64
    wide = transport(law, x.astype(jnp.float64), times.astype(jnp.float64), **how)
    np.testing.assert_array_equal(path, wide)
    assert law.log_mass(jnp.float32(0.5)).dtype == jnp.float64


def test_a_map_between_two_times_can_be_kept_on_disk(gaussian):
    """JAX keeps no program that calls back: checks of traced times do."""

    def lowered(times):
        return jax.jit(lambda x, times: transport(gaussian, x, times)).lower(X, times).as_text()

    assert "callback" not in lowered(TIMES[:2])
    assert "callback" in lowered(TIMES)

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.check import continuity_residual, fokker_planck_residual
from conservax.check._draws import draw_rows, random_times
from conservax.check._residual import check_residual
from conservax.field import MatrixField
from conservax.flux import KnotheRosenblatt, NaiveFlux, SigmoidCancellation
from conservax.law import ConservationLaw

T = jnp.asarray(0.4)
X = jnp.array([0.9, -0.7])
LAWS = {
    "knothe-rosenblatt": (KnotheRosenblatt(), None),
    "with a divergence-free part": (KnotheRosenblatt(), MatrixField),
    "sigmoid": (SigmoidCancellation(), None),
    "naive": (NaiveFlux(), None),
}


def built(name, density, diffusion):
    flux, field = LAWS[name]
    part = field and field(2, width=8, depth=1, key=jax.random.key(2))
    return ConservationLaw(density, flux, part, diffusion)


def rows(law):
    return draw_rows(law, jax.random.key(4), random_times(jax.random.key(5), 200, law), None)


both = eqx.filter_jit(
    lambda law: (continuity_residual(law, T, X), fokker_planck_residual(law, T, X))
)


@pytest.mark.parametrize("name", LAWS)
def test_nothing_is_left_over_at_a_point(name, shaken):
    law = built(name, shaken(2), lambda t: 0.3 + t)
    np.testing.assert_allclose(both(law), 0.0, atol=1e-11)


def test_what_is_left_over_of_a_wrong_flux_is_the_rate_it_lacks(gaussian, rescaled):
    # d_t rho + div(1.01 j) = -0.01 d_t rho
    law = ConservationLaw(gaussian, rescaled(KnotheRosenblatt(), lambda x: 1.01))
    growth = jax.grad(lambda t: jnp.exp(law.log_prob(t, X)))(T)
    assert abs(growth) > 1e-3
    np.testing.assert_allclose(both(law), -0.01 * growth, rtol=1e-10)


def test_laws_pass(gaussian):
    law = ConservationLaw(gaussian, KnotheRosenblatt(), diffusion=0.5)
    results = check_residual(law, rows(law))
    assert [r.name for r in results] == ["continuity equation", "Fokker-Planck equation"]
    assert all(r.passed and r.value < 1e-12 for r in results)


def test_without_diffusion_there_is_one_equation(gaussian):
    law = ConservationLaw(gaussian, KnotheRosenblatt())
    assert len(check_residual(law, rows(law))) == 1


@pytest.mark.parametrize("dtype", [pytest.param(jnp.float32, marks=pytest.mark.slow), jnp.float64])
def test_one_per_cent_too_fast_fails(dtype, shaken, rescaled):
    density = jax.tree.map(lambda leaf: leaf.astype(dtype), shaken(2))
    right = ConservationLaw(density, KnotheRosenblatt())
    wrong = ConservationLaw(density, rescaled(KnotheRosenblatt(), lambda x: 1.01), diffusion=0.1)
    assert all(result.passed for result in check_residual(right, rows(right)))
    assert not any(result.passed for result in check_residual(wrong, rows(wrong)))


def test_a_flux_that_is_wrong_on_one_side_only_fails(shaken, rescaled):
    kink = rescaled(KnotheRosenblatt(), lambda x: jnp.where(x[0] > 1.5, 1.01, 1.0))
    law = ConservationLaw(shaken(2), kink)
    assert not check_residual(law, rows(law))[0].passed


class HalfCorrected(ConservationLaw):
    """A drift that lacks half of its correction (9)."""

    def drift(self, t, x, condition=None):
        return self.velocity(t, x, condition) + 0.25 * self.diffusion_at(t) ** 2 * self.score(t, x)


def test_a_drift_without_its_correction_fails_fokker_planck_alone(gaussian):
    law = HalfCorrected(gaussian, KnotheRosenblatt(), diffusion=0.5)
    continuity, fokker_planck = check_residual(law, rows(law))
    assert continuity.passed
    assert not fokker_planck.passed

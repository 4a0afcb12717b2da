from typing import ClassVar

import jax
import jax.numpy as jnp
import pytest

from conservax.check._draws import draw_rows, random_times
from conservax.check._flux_at_infinity import check_flux_at_infinity
from conservax.density import AbstractDensity
from conservax.field import MatrixField
from conservax.flux import AbstractFlux, KnotheRosenblatt, NaiveFlux, SigmoidCancellation
from conservax.law import ConservationLaw


def measured(density, flux, part=None):
    law = ConservationLaw(density, flux, part)
    times = random_times(jax.random.key(5), 100, law)
    rows = draw_rows(law, jax.random.key(4), times, None)
    return check_flux_at_infinity(law, rows, jax.random.key(6))


def field(**options):
    return MatrixField(2, width=8, depth=1, key=jax.random.key(2), **options)


def single(density):
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), density)


@pytest.mark.parametrize("flux", [KnotheRosenblatt(), SigmoidCancellation()])
def test_fluxes_that_cancel_pass_in_float32(flux, shaken):
    assert all(result.passed for result in measured(single(shaken(2)), flux))


@pytest.mark.parametrize("dim", [2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("precision", [lambda density: density, single])
def test_the_naive_flux_fails(dim, precision, shaken):
    spurious, _ = measured(precision(shaken(dim)), NaiveFlux())
    assert not spurious.passed
    assert spurious.value > 1e-2


def test_a_divergence_free_part_has_to_be_density_weighted(shaken):
    assert all(
        r.passed for r in measured(shaken(2), KnotheRosenblatt(), field(density_weighted=True))
    )
    spurious, whole = measured(shaken(2), KnotheRosenblatt(), field(density_weighted=False))
    assert not spurious.passed
    assert not whole.passed


class Broken(AbstractFlux):
    """No number beyond x_1 = 500, nothing before."""

    needs: ClassVar[type[AbstractDensity]] = AbstractDensity

    def velocity(self, density, t, x, condition=None):
        return jnp.where(x[0] > 500, jnp.nan, 0.0) * jnp.ones_like(x)

    def flux(self, density, t, x, condition=None):
        return self.velocity(density, t, x, condition)


def test_what_is_not_a_number_fails(gaussian):
    spurious, whole = measured(gaussian, Broken())
    assert not spurious.passed
    assert not whole.passed
    assert whole.value == 2.0

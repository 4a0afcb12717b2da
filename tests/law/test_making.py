"""Construction of laws: refused pairs, and precision of points."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import FourierTrajectory, Mixture, Subharmonic, Trajectory
from conservax.field import MatrixField, VectorPotentialField
from conservax.flux import (
    FactorizedFlux,
    KnotheRosenblatt,
    MixtureFlux,
    NaiveFlux,
    SigmoidCancellation,
    SubharmonicFlux,
)
from conservax.law import ConservationLaw
from oracles import (
    DENSITIES,
    autoregressive,
    compiled,
    factorized,
    mixture,
    moving_logistic,
    to_float32,
)

KEY = jax.random.key(0)
LOCATIONS = np.array([[0.0, 1.0], [2.0, -1.0]])
EVERY = {name: make for name, make in DENSITIES.items()} | {
    "closed": lambda dim: moving_logistic([0.3] * dim, [1.0] * dim, [0.2] * dim, [-0.5] * dim),
    "Fourier trajectory": lambda dim: FourierTrajectory(LOCATIONS, 0.3, LOCATIONS),
    "trajectory": lambda dim: Trajectory([0.0, 1.0], LOCATIONS, 0.3),
    "mixture of mixtures": lambda dim: Mixture([mixture(factorized, dim) for _ in range(2)]),
    "subharmonic": lambda dim: Subharmonic(components=3, width=8, depth=1, key=KEY),
}
FLUXES = {
    "Knothe-Rosenblatt": KnotheRosenblatt(),
    "sigmoid": SigmoidCancellation(),
    "naive": NaiveFlux(),
    "factorized": FactorizedFlux(),
    "subharmonic": SubharmonicFlux(),
    "mixture": MixtureFlux(KnotheRosenblatt()),
    "mixture of factorized": MixtureFlux(FactorizedFlux()),
    "mixture of mixtures": MixtureFlux(MixtureFlux(FactorizedFlux())),
    "mixture of subharmonic": MixtureFlux(SubharmonicFlux()),
}


def can_serve(density, flux):
    """Whether the flux itself can be traced with the density: by tracing it."""
    t, x = jnp.zeros(()), jnp.zeros(2)
    try:
        for method in (flux.velocity, flux.flux):
            jax.eval_shape(lambda t, x, method=method: method(density, t, x), t, x)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize(("density", "flux"), list(itertools.product(EVERY, FLUXES)))
def test_a_law_is_made_of_every_pair_that_fits_and_of_no_other(density, flux):
    density, flux = EVERY[density](2), FLUXES[flux]
    if can_serve(density, flux):
        assert ConservationLaw(density, flux).dim == 2
    else:
        with pytest.raises(TypeError, match=r"expected a density of the kind \w+ with \w+; got"):
            ConservationLaw(density, flux)


@pytest.mark.parametrize("field", [MatrixField, VectorPotentialField])
def test_a_divergence_free_part_has_the_dimension_of_the_density(field):
    part = field(3, width=8, depth=1, key=KEY)
    with pytest.raises(ValueError, match="expected a divergence-free part in 2 dimensions"):
        ConservationLaw(autoregressive(2), KnotheRosenblatt(), part)


# ---- points of less precision than the law


def methods(law, t, x, condition):
    """All functions of a law at a point."""
    s = jnp.asarray(0.75, jnp.asarray(t).dtype)  # a number that float32 has
    values = {
        name: getattr(law, name)(t, x, condition)
        for name in ("log_prob", "score", "velocity", "flux", "drift", "growth")
    }
    if law.has_flow_map:
        values["flow_map"] = law.flow_map(t, s, x, condition)
    values["sample_with_drift"] = law.sample_with_drift(KEY, t, condition)
    return values


LAWS = {
    "autoregressive": lambda dim: ConservationLaw(autoregressive(dim), KnotheRosenblatt()),
    "sigmoid, with a field": lambda dim: ConservationLaw(
        autoregressive(dim),
        SigmoidCancellation(),
        MatrixField(dim, width=8, depth=1, key=KEY),
        0.5,
    ),
    "factorized": lambda dim: ConservationLaw(factorized(dim), FactorizedFlux()),
    "mixture": lambda dim: ConservationLaw(
        mixture(factorized, dim), MixtureFlux(FactorizedFlux()), None, 0.5
    ),
}


def assert_promoted(law, t, x, condition=None):
    """Values at float32 points are those at the same numbers in float64."""
    single = compiled(methods)(law, t, x, condition)
    double = compiled(methods)(
        law, *(None if part is None else jnp.asarray(part, float) for part in (t, x, condition))
    )
    for (where, a), b in zip(
        jax.tree_util.tree_leaves_with_path(single), jax.tree.leaves(double), strict=True
    ):
        assert a.dtype == np.float64, where
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14, err_msg=str(where))


T, X = np.float32(0.25), np.array([0.5, -1.25], np.float32)  # numbers that both formats have


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_points_in_single_precision_are_taken_as_the_numbers_they_are(law):
    assert_promoted(law(2), T, X)


def test_in_many_dimensions_too():
    # From nine on coordinates are scanned, and a scan never changes the format of what it carries.
    assert_promoted(LAWS["autoregressive"](9), T, np.arange(9, dtype=np.float32) / 8)


def test_conditions_in_single_precision_too():
    law = ConservationLaw(autoregressive(2, condition_dim=3), KnotheRosenblatt())
    assert_promoted(law, T, X, np.ones(3, np.float32))


def test_whole_numbers_are_points_too():
    assert_promoted(LAWS["autoregressive"](2), T, np.array([2, -1]))


def test_a_law_in_single_precision_stays_in_it():
    law = to_float32(LAWS["autoregressive"](2))
    for value in jax.tree.leaves(compiled(methods)(law, T, X, None)):
        assert value.dtype == np.float32

"""The whole law against equation (2): base flux, divergence-free part and diffusion together."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import AbstractFactorizedDensity, Mixture
from conservax.field import MatrixField, VectorPotentialField
from conservax.flux import (
    FactorizedFlux,
    KnotheRosenblatt,
    MixtureFlux,
    NaiveFlux,
    SigmoidCancellation,
)
from conservax.law import ConservationLaw
from oracles import (
    DENSITIES,
    assert_conserved,
    autoregressive,
    compiled,
    over_points,
    points,
    to_float32,
)

heavy = pytest.mark.slow


DIFFUSIONS = {"none": 0.0, "constant": 0.7, "warming": lambda t: 0.3 + 0.5 * t}
FIELDS = {
    "no field": None,
    "matrix, weighted": (MatrixField, True),
    "matrix, plain": (MatrixField, False),
    "vector, weighted": (VectorPotentialField, True),
    "vector, plain": (VectorPotentialField, False),
}


def field(name, dim):
    """A small divergence-free part, or none."""
    if FIELDS[name] is None:
        return None
    kind, weighted = FIELDS[name]
    return kind(dim, density_weighted=weighted, width=16, depth=2, key=jax.random.key(7))


FLUXES = {
    "Knothe-Rosenblatt": KnotheRosenblatt(),
    "sigmoid": SigmoidCancellation(),
    "naive": NaiveFlux(),
    "factorized": FactorizedFlux(),
    "mixture": MixtureFlux(KnotheRosenblatt()),
}


def takes(density, flux) -> bool:
    """Whether the flux is made for the density."""
    kinds = {FactorizedFlux: AbstractFactorizedDensity, MixtureFlux: Mixture}
    return isinstance(density, kinds.get(type(flux), object))


def terms_over_density(law, t, x, condition=None):
    """The terms of (2), relative to rho at this point: nothing underflows in many dimensions."""
    here = jax.lax.stop_gradient(law.log_prob(t, x, condition))

    def rho(t, x):
        return jnp.exp(law.log_prob(t, x, condition) - here)

    moved = jnp.diagonal(jax.jacfwd(lambda x: rho(t, x) * law.drift(t, x, condition))(x))
    spread = jnp.diagonal(jax.jacfwd(jax.grad(rho, argnums=1), argnums=1)(t, x))
    return jnp.concatenate(
        [jax.grad(rho)(t, x)[None], moved, -0.5 * law.diffusion_at(t) ** 2 * spread]
    )


QUICK = [
    ("autoregressive", "Knothe-Rosenblatt", 1, "no field", "warming"),
    ("autoregressive", "Knothe-Rosenblatt", 2, "matrix, weighted", "warming"),
    ("factorized", "sigmoid", 3, "vector, weighted", "constant"),
    ("mixture of factorized", "mixture", 2, "vector, plain", "constant"),
    ("full Gaussian", "Knothe-Rosenblatt", 2, "no field", "warming"),
]


def slow_cases():
    """Every density, flux and dim, each with two of the fields and two of the diffusions in turn."""
    turn = itertools.cycle(itertools.product(FIELDS, DIFFUSIONS))
    for name, flux, dim, _ in itertools.product(DENSITIES, FLUXES, (1, 2, 3, 5), range(2)):
        part, diffusion = next(turn)
        case = (name, flux, dim, part if dim > 1 else "no field", diffusion)
        if takes(DENSITIES[name](dim), FLUXES[flux]) and case not in QUICK:
            yield case


SLOW = sorted(set(slow_cases()))


def law_of(name, flux, dim, part, diffusion):
    """The law of a case."""
    density = DENSITIES[name](dim)
    return ConservationLaw(density, FLUXES[flux], field(part, dim), DIFFUSIONS[diffusion])


@pytest.mark.parametrize(
    "case",
    [*QUICK, *(pytest.param(case, marks=heavy) for case in SLOW)],
    ids=lambda case: "-".join(map(str, case)),
)
def test_both_equations_hold(case):
    law = law_of(*case)
    assert_conserved(law, *points(law.density, 1000))


@pytest.mark.parametrize(
    ("name", "dim"),
    [("factorized", 2), *(pytest.param(n, 5, marks=heavy) for n in DENSITIES)],
)
def test_both_equations_hold_in_single_precision(name, dim):
    law = law_of(name, "Knothe-Rosenblatt", dim, "matrix, weighted", "warming")
    t, x = to_float32(points(law.density, 1000))
    terms = over_points(terms_over_density, to_float32(law), t, x)
    assert terms.dtype == jnp.float32
    size = np.sum(np.abs(terms), axis=-1)
    np.testing.assert_array_less(np.abs(np.sum(terms, axis=-1)), 1e-3 * size)


@pytest.mark.parametrize("dim", [pytest.param(9, marks=heavy), pytest.param(20, marks=heavy)])
def test_fokker_planck_holds_under_a_condition_where_coordinates_are_scanned(dim):
    density = autoregressive(dim, condition_dim=2)
    condition = jnp.array([0.5, -1.0])
    law = ConservationLaw(density, KnotheRosenblatt(), diffusion=0.7)
    t, x = points(density, 50, condition=condition)
    terms = over_points(lambda *at: terms_over_density(*at, condition), law, t, x)
    np.testing.assert_allclose(np.sum(terms, axis=-1), 0.0, atol=1e-10 * np.abs(terms).max())


def test_parts_of_the_flux_add_up():
    density, part = autoregressive(2), field("matrix, weighted", 2)
    law = ConservationLaw(density, KnotheRosenblatt(), part)
    base = ConservationLaw(density, KnotheRosenblatt())
    t, x = jnp.array(0.3), jnp.array([0.5, -0.2])

    def both(method):
        together = getattr(law, method)(t, x)
        return together, getattr(base, method)(t, x) + getattr(part, method)(density, t, x)

    for method in ("flux", "velocity"):
        together, apart = compiled(both)(method)
        np.testing.assert_allclose(together, apart, rtol=1e-12)

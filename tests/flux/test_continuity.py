"""d_t rho + div j = 0, for every density and every flux: the space-time divergence of (rho, j)."""

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
from oracles import DENSITIES, autoregressive, moving_logistic, over_points, points, to_float32

FIELD = {"width": 16, "depth": 2}


def time_varying_reference(t):
    """A time-varying reference that is the same for every coordinate."""
    return moving_logistic([0.3], [1.0], [0.2], [-0.5]).marginals(jnp.asarray(t))


def as_precise_as(t):
    return jax.tree.map(lambda leaf: leaf.astype(t.dtype), time_varying_reference(t))


def fluxes(density):
    """Every flux that the density takes."""
    every = {
        "Knothe-Rosenblatt": KnotheRosenblatt(),
        "sigmoid": SigmoidCancellation(),
        "time-varying sigmoid": SigmoidCancellation(as_precise_as),
        "naive": NaiveFlux(),
    }
    if isinstance(density, AbstractFactorizedDensity):
        every["factorized"] = FactorizedFlux()
    if isinstance(density, Mixture):
        every["mixture"] = MixtureFlux(KnotheRosenblatt())
        if isinstance(density.components, AbstractFactorizedDensity):
            every["mixture of factorized"] = MixtureFlux(FactorizedFlux())
    return every


def spacetime_terms(density, t, x, condition=None):
    """d_t rho and d_i j_i for every flux j, from one Jacobian."""

    def spacetime(point):
        t, x = point[0], point[1:]
        rho = jnp.exp(density.log_prob(t, x, condition))[None]
        return {
            name: jnp.append(rho, flux.flux(density, t, x, condition))
            for name, flux in fluxes(density).items()
        }

    jacobians = jax.jacfwd(spacetime)(jnp.append(t[None], x))
    return jax.tree.map(jnp.diagonal, jacobians)


def assert_cancels(terms, bound):
    """Terms that move, and whose sum is below the bound, a number or one per point."""
    assert np.median(np.sum(np.abs(terms), axis=-1)) > 1e-7, "nothing moves: nothing is tested"
    np.testing.assert_array_less(np.abs(np.sum(terms, axis=-1)), bound)


heavy = pytest.mark.slow
QUICK = {
    ("autoregressive", 1),
    ("autoregressive", 2),
    ("autoregressive", 5),
    ("factorized", 3),
    ("full Gaussian", 2),
}


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        pytest.param(name, dim, marks=() if (name, dim) in QUICK else heavy)
        for name in DENSITIES
        for dim in (1, 2, 3, 5)
    ],
)
def test_probability_is_conserved(name, dim):
    density = DENSITIES[name](dim)
    t, x = points(density, 1000)
    for terms in over_points(spacetime_terms, density, t, x).values():
        assert_cancels(terms, 1e-10)


QUICK_SINGLE = {("autoregressive", 2)}


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        pytest.param(name, dim, marks=() if (name, dim) in QUICK_SINGLE else heavy)
        for name in DENSITIES
        for dim in (1, 2, 3, 5)
    ],
)
def test_probability_is_conserved_in_single_precision(name, dim):
    density = to_float32(DENSITIES[name](dim))
    t, x = to_float32(points(DENSITIES[name](dim), 1000))
    rho = np.exp(over_points(lambda density, t, x: density.log_prob(t, x), density, t, x))
    for terms in over_points(spacetime_terms, density, t, x).values():
        assert terms.dtype == jnp.float32
        # Where d_t rho crosses zero all terms may: then what is left is the rounding of rho, of
        # which every term loses an eps or two.
        rounding = 4 * np.finfo(np.float32).eps * rho
        assert_cancels(terms, np.maximum(1e-3 * np.sum(np.abs(terms), axis=-1), rounding))


@pytest.mark.parametrize(
    ("name", "dim"),
    [("autoregressive", 2), pytest.param("mixture of factorized", 3, marks=heavy)],
)
def test_probability_is_conserved_under_a_condition(name, dim):
    density = DENSITIES[name](dim, condition_dim=3)
    condition = jnp.array([0.5, -1.0, 2.0])
    t, x = points(density, 300, condition=condition)

    def terms(density, t, x):
        return spacetime_terms(density, t, x, condition)

    for result in over_points(terms, density, t, x).values():
        assert_cancels(result, 1e-10)


@pytest.mark.parametrize("dim", [9, pytest.param(20, marks=heavy)])
@pytest.mark.parametrize(
    "name", ["autoregressive", pytest.param("mixture of factorized", marks=heavy)]
)
def test_probability_is_conserved_where_coordinates_are_scanned(name, dim):
    """rho is tiny in many dimensions: every term is taken relative to rho."""
    density = DENSITIES[name](dim)
    t, x = points(density, 100)

    def relative_terms(density, t, x):
        terms = spacetime_terms(density, t, x)
        rho = jnp.exp(density.log_prob(t, x))
        return {key: terms[key] / rho for key in ("Knothe-Rosenblatt", "naive")}

    for terms in over_points(relative_terms, density, t, x).values():
        assert_cancels(terms, 1e-10 * np.sum(np.abs(terms), axis=-1))


# ---- divergence-free parts


def fields(dim):
    key = jax.random.key(7)
    kinds = {"matrix": MatrixField, "vector": VectorPotentialField}
    return {
        f"{name}, {'weighted' if weighted else 'plain'}": kind(
            dim, density_weighted=weighted, **FIELD, key=key
        )
        for name, kind in kinds.items()
        for weighted in (True, False)
    }


# Plain fields do not depend on the density, density-weighted ones on its logarithm only.
QUICK_FIELDS = {("autoregressive", 3), ("mixture of factorized", 2)}


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        pytest.param(name, dim, marks=() if (name, dim) in QUICK_FIELDS else heavy)
        for name in DENSITIES
        for dim in (2, 3, 5)
    ],
)
def test_divergence_free_parts_move_no_density(name, dim):
    density = DENSITIES[name](dim)
    t, x = points(density, 1000)

    def terms(density, t, x):
        jacobians = {
            name: jax.jacfwd(lambda x, field=field: field.flux(density, t, x))(x)
            for name, field in fields(dim).items()
        }
        return jax.tree.map(jnp.diagonal, jacobians)

    for result in over_points(terms, density, t, x).values():
        assert_cancels(result, 1e-10)


def test_the_matrix_of_a_field_is_antisymmetric():
    x, t = jnp.array([0.2, -0.7, 1.1]), jnp.array(0.4)
    for field in fields(3).values():
        matrix = field.matrix(t, x)
        np.testing.assert_array_equal(matrix, -matrix.T)
        assert np.abs(matrix).max() > 1e-3


@pytest.mark.parametrize("kind", [MatrixField, VectorPotentialField])
def test_a_line_has_no_divergence_free_part(kind):
    with pytest.raises(ValueError, match="dim >= 2; got 1"):
        kind(1, key=jax.random.key(0))


def test_a_density_weighted_velocity_stays_bounded_where_a_plain_one_does_not():
    density = autoregressive(2)
    t, x = jnp.full(2, 0.5), jnp.array([[30.0, 30.0], [60.0, -60.0]])

    def speed(density, t, x):
        return {
            name: jnp.linalg.norm(field.velocity(density, t, x))
            for name, field in fields(2).items()
        }

    speeds = over_points(speed, density, t, x)
    for kind in ("matrix", "vector"):
        assert np.all(speeds[f"{kind}, weighted"] < 10)
        assert np.all(speeds[f"{kind}, plain"] > 1e6)


# ---- flux and velocity


@pytest.mark.parametrize(
    "name",
    [name if name == "autoregressive" else pytest.param(name, marks=heavy) for name in DENSITIES],
)
def test_flux_is_density_times_velocity(name):
    density = DENSITIES[name](2)
    t, x = points(density, 100)

    def both(density, t, x):
        every = {**fluxes(density), **fields(2)}
        rho = jnp.exp(density.log_prob(t, x))
        return {
            key: (flux.flux(density, t, x), rho * flux.velocity(density, t, x))
            for key, flux in every.items()
        }

    for flux, product in over_points(both, density, t, x).values():
        np.testing.assert_allclose(flux, product, rtol=1e-9, atol=1e-13)

"""Divergence-free fields on every domain: closed forms, divergence, refusals."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.density import Gaussian
from conservax.field import (
    Ball,
    Euclidean,
    FourierField,
    MatrixField,
    Torus,
    VectorPotentialField,
    antisymmetric,
    bounded,
    row_divergence,
    vector_row_divergence,
)
from conservax.field._fourier_field import count_modes, cycles_of_modes
from conservax.nn import DenseNetwork
from conservax.objective import CollocationPoints

KEY = jax.random.key(3)
DOMAINS = {
    "space": Euclidean(),
    "torus": Torus(period=2.0, modes=2),
    "ball": Ball(radius=1.5),
}
KINDS = {
    "matrix": MatrixField,
    "banded": lambda dim, **more: MatrixField(dim, bandwidth=(dim - 1) // 2, **more),
    "vector": VectorPotentialField,
    "Fourier": lambda dim, domain, key, **more: fourier_field(dim, domain, key),
}
T = jnp.array(0.3)


def fourier_field(dim, domain, key):
    """All amplitudes drawn; of third order where that is small."""
    field = FourierField(dim, domain=domain, order=3 if dim < 5 else 2)
    shape = (2, *field.cosines.shape)
    drawn = tuple(jax.random.normal(key, shape) / np.sqrt(shape[1]))
    return eqx.tree_at(lambda f: (f.cosines, f.sines), field, drawn)


def can_be(kind, domain, dim):
    return (kind != "banded" or dim > 2) and (kind != "Fourier" or domain == "torus")


def field_of(kind, domain, dim, width=8):
    field = KINDS[kind](dim, domain=DOMAINS[domain], width=width, depth=2, scale=5.0, key=KEY)
    if field.constant is None:
        return field
    return eqx.tree_at(lambda f: f.constant, field, jnp.arange(1.0, dim + 1))


def points_in(domain, dim, count=5):
    keys = jax.random.split(jax.random.key(1), count)
    return jax.vmap(lambda key: DOMAINS[domain].sample(key, dim))(keys)


CASES = [
    pytest.param(kind, domain, dim, marks=() if dim in (2, 3) else pytest.mark.slow)
    for dim in (2, 3, 4, 10, 25)
    for domain in DOMAINS
    for kind in KINDS
    if can_be(kind, domain, dim)
]


@pytest.mark.parametrize(("kind", "domain", "dim"), CASES)
def test_a_field_is_the_row_divergence_of_its_matrix_and_has_no_divergence(kind, domain, dim):
    field = field_of(kind, domain, dim)

    @jax.jit
    def both(x):
        slopes = jax.jacfwd(lambda x: field.matrix(T, x))(x)
        return field(T, x), jnp.einsum("ijj->i", slopes), jax.jacfwd(lambda x: field(T, x))(x)

    value, dense, jacobian = map(np.asarray, jax.vmap(both)(points_in(domain, dim)))
    constant = 0 if field.constant is None else np.asarray(field.constant)
    np.testing.assert_allclose(value, dense + constant, rtol=1e-10, atol=1e-11)
    assert np.max(np.abs(value)) > 0.1
    assert np.max(np.abs(jacobian)) > 0.1
    assert np.max(np.abs(np.trace(jacobian, axis1=1, axis2=2))) < 1e-10


def test_a_constant_part_adds_to_the_flux_and_is_not_weighed_by_the_density():
    field = field_of("matrix", "torus", 2)
    bare = eqx.tree_at(lambda f: f.constant, field, jnp.zeros(2))
    density = Gaussian(2, lambda t: jnp.zeros(2), lambda t: jnp.full(2, 0.7))
    x = jnp.array([0.4, -0.9])
    added = field.flux(density, T, x) - bare.flux(density, T, x)
    np.testing.assert_allclose(added, [1.0, 2.0], rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_on_the_torus_is_the_same_across_the_seam(kind):
    field = field_of(kind, "torus", 3)
    both = jax.jit(jax.vmap(lambda x: (field(T, x), jax.jacfwd(field, 1)(T, x))))
    x = points_in("torus", 3)
    for step in ([2.0, 0.0, 0.0], [0.0, -2.0, 4.0]):
        for one, other in zip(both(x + jnp.array([step])), both(x), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-11)


@pytest.mark.parametrize(
    ("kind", "dim"), [(kind, d) for kind in KINDS for d in (2, 3) if can_be(kind, "ball", d)]
)
def test_nothing_flows_out_of_the_ball(kind, dim):
    field, ball = field_of(kind, "ball", dim), DOMAINS["ball"]
    x = jax.vmap(lambda key: ball.sample_boundary(key, dim))(jax.random.split(KEY, 20))
    np.testing.assert_allclose(jnp.linalg.norm(x, axis=1), 1.5, rtol=1e-12)
    value = jax.jit(jax.vmap(lambda x: field(T, x)))(x)
    outward = jnp.sum(value * jax.vmap(ball.normal)(x), axis=1)
    assert np.max(np.abs(value)) > 0.1  # it slips along the boundary
    np.testing.assert_allclose(outward, 0, atol=1e-12)


@pytest.mark.parametrize(("domain", "mean"), [("torus", 0.5), ("ball", 2 / 4)])
def test_points_are_spread_evenly_over_the_domain(domain, mean):
    x = np.asarray(points_in(domain, 2, count=4000))
    scaled = x / 2 if domain == "torus" else np.linalg.norm(x, axis=1) ** 2 / 1.5**2
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    np.testing.assert_allclose(scaled.mean(0), mean, atol=0.02)
    np.testing.assert_allclose(scaled.var(0), 1 / 12, atol=0.005)


def test_the_row_divergence_of_any_function():
    # A curl: the entries above the diagonal are A_12, A_13, A_23.
    v = row_divergence(
        lambda x: antisymmetric(jnp.array([x[1] ** 2, x[2] * x[0], jnp.sin(x[2])]), 3),
        jnp.array([0.5, 2.0, 0.1]),
    )
    np.testing.assert_allclose(v, [2 * 2.0 + 0.5, np.cos(0.1), -0.1], rtol=1e-14)
    # b = (x y^2, z x^2, 0): laplacian (2 x, 2 z, 0), div b = y^2 with gradient (0, 2 y, 0).
    v = vector_row_divergence(
        lambda x: jnp.array([x[0] * x[1] ** 2, x[2] * x[0] ** 2, 0.0]), jnp.array([0.5, 2.0, 0.1])
    )
    np.testing.assert_allclose(v, [1.0, 0.2 - 4.0, 0.0], rtol=1e-14, atol=1e-15)


def test_a_fourier_field_holds_each_mode_of_its_order_once():
    """In the plane |k_1| + |k_2| <= 2: 12 points around 0, half of them."""
    cycles = {tuple(k) for k in cycles_of_modes(2, 2).tolist()}
    assert cycles == {(1, 0), (0, 1), (2, 0), (0, 2), (1, 1), (1, -1)}
    for dim, order in ((2, 5), (3, 4), (5, 3), (7, 2)):
        found = cycles_of_modes(dim, order)
        both = {tuple(k) for k in np.concatenate([found, -found]).tolist()}
        grid = itertools.product(range(-order, order + 1), repeat=dim)
        assert both == {k for k in grid if 0 < sum(map(abs, k)) <= order}
        assert 2 * len(found) == len(both) == 2 * count_modes(dim, order)


def test_amplitudes_of_a_fourier_field_are_its_mean_square():
    """By Parseval, of amplitudes normal to their wavevectors; an amplitude along its wavevector is ignored."""
    field = FourierField(2, domain=Torus(3.0), order=1)
    cosines = jnp.array([[5.0, 0.3], [0.4, -7.0]])  # of the modes (1, 0) and (0, 1)
    field = eqx.tree_at(lambda f: f.cosines, field, cosines)
    x = jnp.stack(jnp.meshgrid(*[jnp.arange(8) * 3.0 / 8] * 2), -1).reshape(-1, 2)
    square = jnp.mean(jax.vmap(lambda x: field(T, x))(x) ** 2, axis=0)
    np.testing.assert_allclose(square, [0.4**2, 0.3**2], rtol=1e-12)


def test_a_fourier_field_has_a_torus_and_not_too_many_modes():
    with pytest.raises(ValueError, match=r"expected a torus; got Ball.*MatrixField"):
        FourierField(2, domain=Ball())  # type: ignore
    with pytest.raises(ValueError, match=r"order >= 1 .*; got order 0 in 2 dimensions"):
        FourierField(2, domain=Torus(), order=0)
    with pytest.raises(ValueError, match=r"got order 4 in 100 dimensions, which has 3"):
        FourierField(100, domain=Torus(), order=4)
    with pytest.raises(ValueError, match="dim >= 2; got 1"):
        FourierField(1, domain=Torus())


def test_what_is_not_a_field_is_refused():
    network = DenseNetwork(4, 8, 1, jnp.zeros(5), key=KEY)
    x = jnp.ones(4)
    with pytest.raises(ValueError, match=r"expected entries of shape \(6,\) in 4 dim.*got \(5,\)"):
        row_divergence(lambda x: antisymmetric(network(x), 4), x)
    with pytest.raises(ValueError, match=r"expected a vector of shape \(4,\).*got \(5,\)"):
        vector_row_divergence(network, x)
    with pytest.raises(ValueError, match=r"expected a matrix of shape \(4, 4\).*got \(4,\)"):
        row_divergence(lambda x: x, x)
    with pytest.raises(ValueError, match="dim >= 2; got 1"):
        row_divergence(lambda x: x[None], x[:1])
    with pytest.raises(ValueError, match="dim >= 2; got 1"):
        MatrixField(1, domain=Torus(), key=KEY)
    with pytest.raises(ValueError, match="expected a bandwidth of 1 to 1 in 4 dimensions; got 2"):
        MatrixField(4, bandwidth=2, key=KEY)
    with pytest.raises(ValueError, match=r"expected x of shape \(3,\); got \(5, 3\).*jax.vmap"):
        MatrixField(3, key=KEY)(T, jnp.zeros((5, 3)))


def test_a_boundary_that_is_not_there_is_refused():
    assert bounded(Ball(2.0)).normal(jnp.array([0.0, 2.0])).tolist() == [0, 1]
    for domain in (Euclidean(), Torus()):
        with pytest.raises(ValueError, match=r"expected a domain with a boundary; got .*none"):
            bounded(domain)


def test_domains_have_a_size():
    with pytest.raises(ValueError, match="period > 0"):
        Torus(period=0.0)
    with pytest.raises(ValueError, match=r"finite period > 0.*got inf"):
        Torus(float("inf"))
    with pytest.raises(ValueError, match=r"finite radius > 0; got inf"):
        Ball(float("inf"))
    for domain in ("torus", Torus):
        with pytest.raises(ValueError, match=r"expected a domain, say Torus\(period=1.0\); got"):
            MatrixField(2, domain=domain, key=KEY)  # type: ignore
        with pytest.raises(ValueError, match=r"expected a domain, say Torus\(period=1.0\); got"):
            CollocationPoints(domain, 2, 8)  # type: ignore
    with pytest.raises(ValueError, match="count of at least 1"):
        CollocationPoints(Torus(), 2, 0)
    with pytest.raises(ValueError, match="a finite until > 0"):
        CollocationPoints(Torus(), 2, 8, until=0.0)
    with pytest.raises(ValueError, match="radius > 0"):
        Ball(radius=-1.0)

"""Equations against their closed solutions, by quadrature and autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.equation import (
    BKW,
    Barenblatt,
    FokkerPlanck,
    GaussianMixtureSolution,
    MaxwellLandau,
    Particles,
)

ROTATED = [[0.7, 0.3], [0.3, 0.5]]


def square(rate):
    return lambda z: 0.5 * rate * jnp.sum(z**2)


# equation, solution, a time, and points at which it is smooth
CASES = {
    "heat": (
        FokkerPlanck(0.3),
        GaussianMixtureSolution([[-1.0], [2.0]], [[[0.2]], [[0.5]]], diffusion=0.3),
        [[0.3], [-1.2]],
    ),
    "Ornstein-Uhlenbeck": (
        FokkerPlanck(0.4, potential=square(0.7)),
        GaussianMixtureSolution(
            [[-1.0, 0.5], [2.0, 1.0]], [ROTATED, np.eye(2)], diffusion=0.4, confinement=0.7
        ),
        [[0.3, 0.2], [-1.2, 1.0]],
    ),
    "McKean-Vlasov": (
        FokkerPlanck(0.4, potential=square(0.7), interaction=square(0.5)),
        GaussianMixtureSolution(
            [[2.0, 1.0]], [ROTATED], diffusion=0.4, confinement=0.7, attraction=0.5
        ),
        [[0.3, 0.2], [1.2, 1.0]],
    ),
    "porous medium, 1-D": (FokkerPlanck(1.0, exponent=2.0), Barenblatt(1), [[0.3], [-0.9]]),
    "porous medium, 2-D": (FokkerPlanck(1.0, exponent=3.0), Barenblatt(2, 3.0), [[0.3, -0.4]]),
    "Landau": (MaxwellLandau(), BKW(), [[0.3, -0.4], [1.5, 1.0]]),
}
TIME = jnp.array(1.3)


def lattice(dim, half=12.0, count=241):
    """Nodes of an even grid, which integrates smooth densities to rounding, and its cell."""
    axis = np.linspace(-half, half, count)
    nodes = np.stack(np.meshgrid(*[axis] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    return jnp.asarray(nodes), (axis[1] - axis[0]) ** dim


@pytest.mark.parametrize("name", CASES)
def test_a_solution_solves_its_equation(name):
    equation, solution, points = CASES[name]
    rho = lambda t, x: jnp.exp(solution.log_prob(t, x))  # noqa: E731
    score_of = jax.grad(solution.log_prob, argnums=1)

    @jax.jit
    def residual(x):
        def flux(x):
            others = Particles(x[None], x[None])
            if equation.interacts:
                # The mean over others, weighed by rho, is linear in them: one at a time.
                nodes, cell = lattice(2)
                weights = cell * jax.vmap(lambda y: rho(TIME, y))(nodes)
                scores = jax.vmap(lambda y: score_of(TIME, y))(nodes)
                each = jax.vmap(
                    lambda y, s: equation.velocity(
                        x,
                        solution.log_prob(TIME, x),
                        score_of(TIME, x),
                        Particles(y[None], s[None]),
                    )
                )(nodes, scores)
                return rho(TIME, x) * (weights @ each)
            velocity = equation.velocity(x, solution.log_prob(TIME, x), score_of(TIME, x), others)
            return rho(TIME, x) * velocity

        return jax.grad(rho)(TIME, x), jnp.trace(jax.jacfwd(flux)(x))

    for x in points:
        change, divergence = residual(jnp.array(x))
        assert abs(change) > 1e-3
        np.testing.assert_allclose(change + divergence, 0, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_a_solution_has_mass_one_and_samples_of_its_moments(name):
    _, solution, _ = CASES[name]
    nodes, cell = lattice(solution.dim)
    log_prob = jax.jit(jax.vmap(lambda x: solution.log_prob(TIME, x)))
    weights = np.asarray(cell * jnp.exp(log_prob(nodes)))
    edge = name.startswith("porous")  # where the integrand is not smooth
    np.testing.assert_allclose(weights.sum(), 1, atol=5e-3 if edge else 1e-10)
    keys = jax.random.split(jax.random.key(0), 20_000)
    x = np.asarray(jax.jit(jax.vmap(lambda key: solution.sample(key, TIME)))(keys))
    np.testing.assert_allclose(x.mean(0), weights @ nodes, atol=0.04)
    outer = np.einsum("ni,nj->nij", nodes, nodes)
    moments = np.einsum("n,nij->ij", weights, outer)
    np.testing.assert_allclose(x.T @ x / len(x), moments, atol=0.03 * np.trace(moments))
    far = np.mean(np.sum(x**2, axis=1) ** 2)
    np.testing.assert_allclose(far, weights @ np.sum(nodes**2, axis=1) ** 2, rtol=0.08)


def test_beyond_the_edge_of_barenblatt_there_is_nothing():
    assert Barenblatt(2).log_prob(TIME, jnp.array([9.0, 0.0])) == -jnp.inf


def test_what_is_not_an_equation_is_refused():
    with pytest.raises(ValueError, match="diffusion >= 0"):
        FokkerPlanck(-1.0)
    with pytest.raises(ValueError, match="exponent >= 1"):
        FokkerPlanck(1.0, exponent=0.5)
    with pytest.raises(ValueError, match="strength > 0; got -1"):
        MaxwellLandau(-1.0)
    with pytest.raises(ValueError, match=r"exponent > 1; got 2 and 1.0.*GaussianMixtureSolution"):
        Barenblatt(2, 1.0)
    with pytest.raises(ValueError, match="diffusion >= 0, finite rates and finite means; got -1"):
        GaussianMixtureSolution([[0.0]], [[[1.0]]], diffusion=-1.0)
    with pytest.raises(ValueError, match=r"eigenvalues > 0, or 0 with diffusion; got 0.0"):
        GaussianMixtureSolution([[0.0]], [[[0.0]]], diffusion=0.0)
    with pytest.raises(ValueError, match="symmetric covariances"):
        GaussianMixtureSolution([[0.0, 0.0]], [[[1.0, 5.0], [0.0, 1.0]]], diffusion=1.0)
    with pytest.raises(ValueError, match=r"symmetric covariances; got \[\[\[nan"):
        GaussianMixtureSolution([[0.0]], [[[float("nan")]]], diffusion=1.0)
    with pytest.raises(ValueError, match=r"means of shape \(gaussians, dim\); got \(1,\)"):
        GaussianMixtureSolution([0.0], [[[1.0]]], diffusion=1.0)
    with pytest.raises(ValueError, match="Give one per mean"):
        GaussianMixtureSolution([[0.0]], [[1.0]], diffusion=1.0)
    with pytest.raises(ValueError, match="one Gaussian with attraction"):
        GaussianMixtureSolution([[0.0], [1.0]], [[[1.0]]] * 2, diffusion=1.0, attraction=1.0)
    with pytest.raises(ValueError, match="dim = 2"):
        BKW(3)

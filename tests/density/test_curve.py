"""Bumps on curves: where they are, how much they move, and what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.density import FourierTrajectory, Mixture
from conservax.flux import FactorizedFlux, MixtureFlux
from oracles import compiled, points

ENDS, BENDS = np.array([[0.0, 1.0], [2.0, -1.0]]), np.array([[0.5, -1.0], [0.3, 0.8], [0.1, 0.2]])


def test_ends_are_exact():
    curve = FourierTrajectory(ENDS, [[0.05, 0.3], [0.4, 0.02]], BENDS, min_scale=0.01)
    x = np.array([1.9, -1.02])
    expected = stats.norm.logpdf(x, ENDS[1], [0.4, 0.02]).sum()
    assert float(curve.log_prob(jnp.array(1.0), jnp.asarray(x))) == pytest.approx(expected)


def test_bends_cost_their_squares():
    curve = FourierTrajectory(ENDS, 0.3, BENDS)
    times = (jnp.arange(4000) + 0.5) / 4000
    centre = lambda t: curve.marginals(t).mean[:, 0]  # noqa: E731
    speed = compiled(jax.vmap(jax.jacfwd(centre)))(times)
    energy = np.mean(np.sum(np.asarray(speed) ** 2, axis=1))
    assert energy == pytest.approx(8 + np.sum(BENDS**2), rel=1e-6)


def test_a_population_of_curves_keeps_the_continuity_equation():
    laws = [
        FourierTrajectory(ENDS, 0.3, BENDS),
        FourierTrajectory(ENDS[::-1], [[0.2, 0.4], [0.6, 0.3]], -BENDS),
    ]
    density, flux = Mixture(laws, weights=[1.0, 2.0]), MixtureFlux(FactorizedFlux())

    def residual(t, x):
        def spacetime(point):
            rho = jnp.exp(density.log_prob(point[0], point[1:]))
            return jnp.append(rho, flux.flux(density, point[0], point[1:]))

        return jnp.trace(jax.jacfwd(spacetime)(jnp.append(t, x)))

    t, x = points(density, 50)
    np.testing.assert_allclose(compiled(jax.vmap(residual))(t, x), 0, atol=1e-10)


@pytest.mark.parametrize(
    ("ends", "scales", "bends", "words"),
    [
        ([[0.0]], 1.0, [[0.0]], r"ends of shape \(2, dim\)"),
        (ENDS, 1.0, [[0.0]], "bends of shape"),
        (ENDS, 0.0, BENDS, "scales above 0.001"),
    ],
)
def test_what_it_refuses(ends, scales, bends, words):
    with pytest.raises(ValueError, match=words):
        FourierTrajectory(ends, scales, bends)

"""Fourier trajectories: endpoints, kinetic energy, continuity equation, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.density import FourierTrajectory, Mixture
from conservax.flux import FactorizedFlux, MixtureFlux
from oracles import compiled, points

ENDPOINTS, COEFFICIENTS = (
    np.array([[0.0, 1.0], [2.0, -1.0]]),
    np.array([[0.5, -1.0], [0.3, 0.8], [0.1, 0.2]]),
)


def test_endpoints_are_exact():
    trajectory = FourierTrajectory(
        ENDPOINTS, [[0.05, 0.3], [0.4, 0.02]], COEFFICIENTS, min_scale=0.01
    )
    x = np.array([1.9, -1.02])
    expected = stats.norm.logpdf(x, ENDPOINTS[1], [0.4, 0.02]).sum()
    assert float(trajectory.log_prob(jnp.array(1.0), jnp.asarray(x))) == pytest.approx(expected)


def test_kinetic_energy_is_the_sum_of_squared_coefficients():
    trajectory = FourierTrajectory(ENDPOINTS, 0.3, COEFFICIENTS)
    times = (jnp.arange(4000) + 0.5) / 4000
    centre = lambda t: trajectory.marginals(t).mean[:, 0]  # noqa: E731
    speed = compiled(jax.vmap(jax.jacfwd(centre)))(times)
    energy = np.mean(np.sum(np.asarray(speed) ** 2, axis=1))
    assert energy == pytest.approx(8 + np.sum(COEFFICIENTS**2), rel=1e-6)


def test_a_population_of_trajectories_keeps_the_continuity_equation():
    components = [
        FourierTrajectory(ENDPOINTS, 0.3, COEFFICIENTS),
        FourierTrajectory(ENDPOINTS[::-1], [[0.2, 0.4], [0.6, 0.3]], -COEFFICIENTS),
    ]
    density, flux = Mixture(components, weights=[1.0, 2.0]), MixtureFlux(FactorizedFlux())

    def residual(t, x):
        def spacetime(point):
            rho = jnp.exp(density.log_prob(point[0], point[1:]))
            return jnp.append(rho, flux.flux(density, point[0], point[1:]))

        return jnp.trace(jax.jacfwd(spacetime)(jnp.append(t, x)))

    t, x = points(density, 50)
    np.testing.assert_allclose(compiled(jax.vmap(residual))(t, x), 0, atol=1e-10)


@pytest.mark.parametrize(
    ("endpoints", "scales", "coefficients", "words"),
    [
        ([[0.0]], 1.0, [[0.0]], r"endpoints of shape \(2, dim\)"),
        (ENDPOINTS, 1.0, [[0.0]], "coefficients of shape"),
        (ENDPOINTS, 0.0, COEFFICIENTS, "scales above 0.001"),
    ],
)
def test_what_it_refuses(endpoints, scales, coefficients, words):
    with pytest.raises(ValueError, match=words):
        FourierTrajectory(endpoints, scales, coefficients)

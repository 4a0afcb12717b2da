"""Trajectories: positions, velocities, continuity equation, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.density import Mixture, Trajectory
from conservax.flux import FactorizedFlux, MixtureFlux
from conservax.law import ConservationLaw
from oracles import compiled, points

WIDTHS = 0.4, [[0.3, 0.4], [0.6, 0.2], [0.3, 0.9]]
KNOTS = [0.0, 0.4, 1.0]
LOCATIONS = np.array([[[0.0, 1.0], [2.0, 0.0], [2.0, -3.0]], [[1.0, 1.0], [-1.0, 0.0], [0.0, 4.0]]])


def test_a_component_is_a_normal_half_way_between_its_knots():
    trajectory = Trajectory(KNOTS, LOCATIONS[0], 0.3)
    x = np.array([1.3, 0.6])
    # Scales come out a bit larger than requested.
    scale = np.exp(np.asarray(trajectory.marginals(jnp.array(0.2)).log_scale))[:, 0]
    np.testing.assert_allclose(scale, 0.3, rtol=0.02)
    expected = stats.norm.logpdf(x, [1.0, 0.5], scale).sum()
    assert trajectory.log_prob(jnp.array(0.2), jnp.asarray(x)) == pytest.approx(expected, rel=1e-9)


def test_a_population_moves_with_its_components():
    law = ConservationLaw(
        Mixture([Trajectory(KNOTS, location, 0.2) for location in LOCATIONS]),
        MixtureFlux(FactorizedFlux()),
    )
    # Far from the other component, a point goes with its own: (2, -1) in 0.4.
    velocity = compiled(law.velocity)(jnp.array(0.2), jnp.array([1.2, 0.4]))
    np.testing.assert_allclose(velocity, [2 / 0.4, -1 / 0.4], rtol=1e-2)


def test_a_population_of_trajectories_keeps_the_continuity_equation():
    density = Mixture(
        [
            Trajectory(KNOTS, location, scale)
            for location, scale in zip(LOCATIONS, WIDTHS, strict=True)
        ]
    )
    flux = MixtureFlux(FactorizedFlux())

    def residual(t, x):
        def spacetime(point):
            rho = jnp.exp(density.log_prob(point[0], point[1:]))
            return jnp.append(rho, flux.flux(density, point[0], point[1:]))

        return jnp.trace(jax.jacfwd(spacetime)(jnp.append(t, x)))

    t, x = points(density, 50)
    np.testing.assert_allclose(compiled(jax.vmap(residual))(t, x), 0, atol=1e-10)


@pytest.mark.parametrize(
    ("knots", "centre", "words"),
    [
        ([0.0], [[1.0]], "at least two knots"),
        ([0.0, 0.0], [[1.0], [2.0]], "that rise"),
        ([0.0, 1.0], [[1.0]], "one location per knot"),
    ],
)
def test_what_it_refuses(knots, centre, words):
    with pytest.raises(ValueError, match=words):
        Trajectory(knots, centre, 1.0)

"""Which model a plan has, and plans whose population is a start that is pushed forward."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.bijection import AbstractBijection, CouplingFlow
from conservax.control import (
    Circles,
    Flocking,
    FourierTrajectories,
    GaussianMixture,
    PlanTraining,
    Problem,
    plan,
)
from conservax.control._model_of_plan import checked_model
from conservax.data import DataError
from conservax.density import Autoregressive, PushForward
from conservax.flux import KnotheRosenblatt
from conservax.models import Flow


def test_a_flow_begins_at_the_start_itself_and_reaches_a_soft_goal():
    """Of two normals, to (x - a)^2: the start is exact, whatever is learned."""
    start = GaussianMixture([[-1.0, 0.0], [1.0, 0.0]], [[0.3, 0.2], [0.1, 0.4]], [1.0, 3.0])
    problem = Problem(start, terminal=lambda x: 5 * jnp.sum((x - jnp.array([0.0, 3.0])) ** 2))
    small = Flow(layers=2, width=8, depth=1)
    training = PlanTraining(
        likelihood_steps=0, control_steps=0, steps=60, points=256, learning_rate=0.02
    )
    solved = plan(problem, model=small, training=training)
    x = start.draw(0, 200)
    each = [
        w * np.prod(stats.norm.pdf(x, c, s), axis=1)
        for w, c, s in zip([0.25, 0.75], start.means, start.deviations, strict=True)
    ]
    np.testing.assert_allclose(solved.model.log_prob(0.0, x), np.log(sum(each)), atol=1e-3)
    costs = solved.costs()
    at_rest = 5 * np.mean(np.sum((x - [0.0, 3.0]) ** 2, axis=1))
    assert costs["total"] < 0.5 * at_rest
    assert solved.law.has_flow_map
    assert solved.model.settings.plan["layers"] == 2


BALL = GaussianMixture([0.0, 0.0], 1.0)
WIDE = GaussianMixture(4 * [0.0], 1.0), GaussianMixture(4 * [1.0], 1.0)


@pytest.mark.parametrize(
    ("problem", "usual"),
    [
        (
            Problem(BALL, terminal=lambda x: jnp.sum(x**2)),
            {"model": "flow", "layers": 4, "points": 512},
        ),
        (Problem(*WIDE), {"model": "flow", "learning_rate": 0.005, "boundary_weight": 30.0}),
        (
            Problem(BALL, GaussianMixture([1.0, 0.0], 1.0)),
            {"model": "fourier-trajectories", "points": 1536, "boundary_weight": 1.0},
        ),
        (
            Problem(BALL, costs=[Flocking(1.0)], terminal=lambda x: jnp.sum(x**2)),
            {"model": "fourier-trajectories", "learning_rate": 0.02},
        ),
    ],
)
def test_the_usual_model_and_its_settings_are_those_of_the_problem(problem, usual):
    training = PlanTraining(likelihood_steps=1, control_steps=0, steps=0)
    found = plan(problem, training=training).model.settings.plan
    assert {name: found[name] for name in usual} == usual


LINE, SPACE = (GaussianMixture(dim * [0.0], 1.0) for dim in (1, 3))
ROUND = Circles([[0.0, 5.0]], 1.0)


@pytest.mark.parametrize(
    "problem",
    [
        Problem(LINE, terminal=lambda x: jnp.sum(x**2)),
        Problem(SPACE, GaussianMixture(3 * [1.0], 1.0)),
        Problem(BALL, costs=[ROUND], terminal=lambda x: jnp.sum(x**2)),
    ],
)
def test_no_flow_is_usual_on_a_line_in_space_and_among_obstacles(problem):
    assert checked_model(None, problem) == FourierTrajectories()
    assert checked_model(None, Problem(SPACE, terminal=lambda x: jnp.sum(x**2))) == Flow(layers=4)


def test_a_start_of_many_components_is_pushed_from_as_many_as_it_has():
    """64 of them, or as many as the flow was asked for."""
    means = np.random.default_rng(0).normal(size=(64, 2))
    problem = Problem(GaussianMixture(means, 0.2), terminal=lambda x: jnp.sum(x**2))
    training = PlanTraining(likelihood_steps=0, control_steps=0, steps=1, points=8)
    solved = plan(problem, model=Flow(layers=2, width=4, depth=1), training=training)
    x = problem.start.draw(0, 100)
    each = [np.prod(stats.norm.pdf(x, mean, 0.2), axis=1) for mean in means]
    np.testing.assert_allclose(solved.model.log_prob(0.0, x), np.log(np.mean(each, 0)), atol=2e-3)


class Halving(AbstractBijection):
    """x = z, and an inverse that is not."""

    dim: int = eqx.field(static=True, default=2)
    condition_dim: int = eqx.field(static=True, default=0)

    def forward_and_log_det(self, t, z, condition=None):
        return z, 0 * z[0]

    def inverse_and_log_det(self, t, x, condition=None):
        return 0.5 * x, 0 * x[0]


def test_a_law_of_ones_own_may_push_a_base_that_moves_by_a_map_that_is_one():
    """The base alone decides the start; a map that is not one is refused."""
    problem = Problem(GaussianMixture([0.0, 0.0], 1.0), GaussianMixture([1.0, 0.0], 1.0))

    def pushed(key, bijection):
        first, second = jax.random.split(key)
        base = Autoregressive(2, components=2, width=8, depth=1, kernel="normal", key=first)
        return PushForward(base, bijection(second))

    small = {"layers": 2, "width": 4, "depth": 1}
    training = PlanTraining(likelihood_steps=2, control_steps=2, steps=4, points=8)
    moving = lambda key: pushed(key, lambda k: CouplingFlow(2, key=k, **small))  # noqa: E731
    solved = plan(problem, model=moving, training=training)
    assert isinstance(solved.law.base_flux.base_flux, KnotheRosenblatt)
    assert solved.law.has_flow_map
    with pytest.raises(ValueError, match="Halving is off by"):
        plan(problem, model=lambda key: pushed(key, lambda _: Halving()), training=training)


def test_settings_of_a_flow_that_a_problem_decides_are_refused():
    problem = Problem(GaussianMixture([0.0, 0.0], 1.0), GaussianMixture([1.0, 0.0], 1.0))
    with pytest.raises(DataError, match="kinetic_weight, which the problem decides"):
        plan(problem, model=Flow(kinetic_weight=0.1))
    flocking = Problem(GaussianMixture([0.0, 0.0], 1.0), costs=[Flocking(1.0)], terminal=jnp.sum)
    with pytest.raises(DataError, match='got "flow"'):
        plan(flocking, model="flow")

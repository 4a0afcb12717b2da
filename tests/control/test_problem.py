"""Control problems: errors and their messages, and boundary distributions."""

import jax.numpy as jnp
import numpy as np
import pytest

from conservax import density
from conservax.control import (
    Boxes,
    Circles,
    Congestion,
    DensityAt,
    EmpiricalSample,
    Entropy,
    GaussianMixture,
    Polygons,
    Potential,
    Problem,
    Workspace,
    task,
)
from conservax.data import DataError

START, GOAL = GaussianMixture([0.0, 0.0], 0.1), GaussianMixture([4.0, 0.0], 0.1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"goal": GaussianMixture([1.0, 1.0, 1.0], 0.1)}, "one dimension; got 2 and 3"),
        ({"goal": None}, "a goal or a terminal cost"),
        ({"control_weight": 0.0}, "control_weight above 0"),
        ({"diffusion": -1.0}, "diffusion of 0 or more"),
        ({"columns": ["x"]}, "2 different names"),
        ({"costs": [Circles([[4.0, 0.0]], 1.0)]}, "goal: .* 100% of it is inside"),
        ({"costs": [Circles([[0.0, 0.0]], 1.0)]}, "start: .* outside the obstacles"),
        ({"costs": [Circles([[0.0, 5.0, 0.0]], 1.0)]}, "at most 2 coordinates"),
        ({"costs": [lambda t, x: x]}, r"expected a value of shape \(\) for one point; got \(2,\)"),
        ({"costs": [lambda t, x: jnp.sqrt(1 - x[0])]}, "finite numbers; got nan at t = .*, x = "),
        ({"costs": [lambda t: t]}, r"a function of \(t, x\)"),
        ({"costs": [lambda t, x, speed: x[0]]}, r"got one of \(t, x, speed\)"),
        ({"costs": [lambda t, x: x[5] + jnp.zeros((2, 2)) @ jnp.zeros(3)]}, "fails at one point"),
        ({"terminal": lambda x: x}, r"terminal cost: expected a value of shape \(\)"),
        ({"reference": lambda t, x: t}, r"reference: expected a value of shape \(2,\)"),
    ],
)
def test_bad_problems_are_refused(arguments, words):
    with pytest.raises(DataError, match=words):
        Problem(START, **{"goal": GOAL} | arguments)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Circles([[0.0, 0.0]], 1.0, weight=-1.0),
        lambda: Circles([[0.0, 0.0]], -1.0),
        lambda: Boxes([[1.0, 1.0]], [[0.0, 2.0]]),
        lambda: Boxes([[0.0, 0.0]], [[1.0, 1.0]], softness=0.0),
        lambda: Polygons([[[0.0, 0.0], [1.0, 1.0]]]),
        lambda: Entropy(-1.0),
        lambda: Congestion(-0.1),
        lambda: Potential([0.0], weight=-1.0),
        lambda: Workspace([1.0, 1.0], [0.0, 2.0]),
        lambda: GaussianMixture([0.0], 0.0),
        lambda: GaussianMixture([[0.0], [1.0]], 1.0, weights=[1.0]),
        lambda: EmpiricalSample(np.zeros(3)),
        lambda: task("circles-x"),
    ],
)
def test_bad_arguments_of_costs_and_distributions_are_refused(make):
    with pytest.raises(DataError, match="expected"):
        make()


def test_a_cost_requests_the_population_by_its_parameters():
    problem = Problem(
        START,
        GOAL,
        costs=[Entropy(2.0), lambda t, x, mean: jnp.sum((x - mean) ** 2), lambda t, x: t],
    )
    assert problem.needs_mean
    assert problem.needs_log_prob
    value = problem.running(
        jnp.array(0.5), jnp.array([1.0, 0.0]), jnp.array(3.0), jnp.array([0.0, 2.0])
    )
    assert value == pytest.approx(2 * 3.0 + 5.0 + 0.5)


def test_boundary_distributions_draw_from_themselves():
    two = GaussianMixture([[0.0, 1.0], [4.0, 1.0]], [0.5, 0.1], weights=[1.0, 3.0])
    x = two.draw(0, 100_000)
    np.testing.assert_allclose(x.mean(0), [3.0, 1.0], atol=0.02)
    np.testing.assert_allclose(x.std(0), [np.sqrt(0.25 + 3.0), 0.1], rtol=0.01)
    # A Gaussian mixture is fitted to a sample, and to a density.
    for boundary in (
        EmpiricalSample(x[:4000]),
        DensityAt(density.Gaussian(2, lambda t: [3.0, 1.0], lambda t: [1.0, 2.0])),
    ):
        mixture = boundary.mixture(8)
        mean = mixture.weights @ mixture.means
        np.testing.assert_allclose(mean, boundary.draw(1, 4000).mean(0), atol=0.15)
    assert len(EmpiricalSample(x[:4000]).mixture(8).weights) == 2


@pytest.mark.parametrize(
    "name",
    ["stunnel", "vneck", "gmm", "linear-quadratic", "gaussian-bridge", "flocking", "swarm",
     "circles-3", "mixed-3"],
)  # fmt: skip
def test_every_task_is_a_problem(name):
    problem = task(name)
    assert problem.start.draw(0, 3).shape == (3, problem.dim)


def test_random_worlds_are_reproducible_and_do_not_overlap():
    (circles,) = task("circles-4").obstacles
    (same,) = task("circles-4").obstacles
    np.testing.assert_array_equal(circles.centres(), same.centres())
    distance = np.linalg.norm(circles.centres()[:, None] - circles.centres(), axis=-1)
    assert len(distance) == 15
    assert np.all(distance[np.triu_indices(15, 1)] >= 2)

"""Problems as data: what they refuse, and in which words; ends."""

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
    ("how", "words"),
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
def test_what_it_refuses(how, words):
    with pytest.raises(DataError, match=words):
        Problem(START, **{"goal": GOAL} | how)


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
def test_parts_refuse_what_makes_no_sense(make):
    with pytest.raises(DataError, match="expected"):
        make()


def test_a_crowd_cost_is_told_by_its_parameters():
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


def test_ends_draw_what_they_say():
    two = GaussianMixture([[0.0, 1.0], [4.0, 1.0]], [0.5, 0.1], weights=[1.0, 3.0])
    x = two.draw(0, 100_000)
    np.testing.assert_allclose(x.mean(0), [3.0, 1.0], atol=0.02)
    np.testing.assert_allclose(x.std(0), [np.sqrt(0.25 + 3.0), 0.1], rtol=0.01)
    # EmpiricalSample, and a density, are taken apart into the bumps they are made of.
    for end in (
        EmpiricalSample(x[:4000]),
        DensityAt(density.Gaussian(2, lambda t: [3.0, 1.0], lambda t: [1.0, 2.0])),
    ):
        bumps = end.bumps(8)
        mean = bumps.weights @ bumps.means
        np.testing.assert_allclose(mean, end.draw(1, 4000).mean(0), atol=0.15)
    assert len(EmpiricalSample(x[:4000]).bumps(8).weights) == 2


@pytest.mark.parametrize(
    "name",
    ["stunnel", "vneck", "gmm", "linear-quadratic", "gaussian-bridge", "flocking", "swarm",
     "circles-3", "mixed-3"],
)  # fmt: skip
def test_every_task_is_a_problem(name):
    problem = task(name)
    assert problem.start.draw(0, 3).shape == (3, problem.dim)


def test_worlds_are_those_of_their_seed_and_do_not_overlap():
    (circles,) = task("circles-4").obstacles
    (again,) = task("circles-4").obstacles
    np.testing.assert_array_equal(circles.centres(), again.centres())
    apart = np.linalg.norm(circles.centres()[:, None] - circles.centres(), axis=-1)
    assert len(apart) == 15
    assert np.all(apart[np.triu_indices(15, 1)] >= 2)

"""Costs of laws with closed forms, and a small plan from end to end."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import conservax
from conservax.control import (
    Boxes,
    Circles,
    Congestion,
    EmpiricalSample,
    Entropy,
    Flocking,
    FourierTrajectories,
    GaussianMixture,
    ObstacleWarning,
    PlanScores,
    PlanTraining,
    Potential,
    Problem,
    RepeatWarning,
    plan,
)
from conservax.control._objectives import Scale, SteeringCost, estimate_costs, fix_endpoints
from conservax.control._weighted_draws import mean_position
from conservax.data import DataError
from conservax.density import FourierTrajectory, Mixture
from conservax.flux import FactorizedFlux, MixtureFlux
from conservax.law import ConservationLaw
from oracles import compiled

POINTS = 20_000
KEY = jax.random.key(0)


def straight(diffusion=0.0):
    """A component of deviation 0.5 from (-1, 0) to (2, 1), in law units."""
    line = FourierTrajectory([[-1.0, 0.0], [2.0, 1.0]], 0.5, np.zeros((2, 2)), min_scale=1e-6)
    return ConservationLaw(Mixture([line]), MixtureFlux(FactorizedFlux()), None, diffusion)


def test_costs_of_a_moving_component_in_other_units():
    # In the units of the problem all is twice as large, and moved by (1, 1).
    g = 0.6
    problem = Problem(
        GaussianMixture([-1.0, 1.0], 1.0),
        costs=[Potential([1.0, 1.0], weight=3.0), Entropy(2.0), Flocking(5.0, pull=0.0)],
        terminal=lambda x: x[0] ** 2,
        reference=lambda t, x: jnp.array([6.0, 0.0]),
        control_weight=0.5,
        diffusion=2 * g,
    )
    found = compiled(estimate_costs)(
        jax.random.key(0), problem, Scale(np.ones(2), 2.0), straight(g), points=POINTS
    )
    # velocity (6, 2); the drift adds g^2 / 2 score, of variance (2 g)^4 / 4 per coordinate.
    control = 0.5 * 0.5 * (4 + 2 * (2 * g) ** 4 / 4)
    # x - (1, 1) = 2 z: E |2 z|^2 = 4 (integral of |centre|^2 + 2 * 0.25)
    wide = 4 * (np.mean((3 * (np.arange(1000) + 0.5) / 1000 - 1) ** 2) + 1 / 3 + 0.5)
    entropy = -2 * 0.5 * np.log(2 * np.pi * np.e)  # of deviation 1
    around = wide + 2 + 2 * 2 * (0.5 + 0.5)  # |x|^2 = |2 z|^2 + |1|^2 + 2 * 2 z . 1
    running = 1.5 * wide + 2 * entropy + 2.5 * around
    assert found["control"] == pytest.approx(control, rel=0.03)
    assert found["running"] == pytest.approx(running, rel=0.02)
    assert found["terminal"] == pytest.approx(25 + 1, rel=0.02)


def test_the_mean_of_a_mixture_is_the_mean_of_its_draws():
    laws = [FourierTrajectory([[-1.0], [m]], 0.3, [[b]]) for m, b in ((2.0, 0.5), (5.0, -1.0))]
    law = ConservationLaw(Mixture(laws, weights=[1.0, 3.0]), MixtureFlux(FactorizedFlux()))
    t = jnp.array(0.3)
    draws = compiled(jax.vmap(lambda k: law.sample(k, t)))(
        jax.random.split(jax.random.key(0), 9000)
    )
    assert mean_position(law, t)[0] == pytest.approx(float(np.mean(draws)), abs=0.06)


def test_fixed_endpoints_have_no_gradient_and_coefficients_have():
    problem = Problem(GaussianMixture([0.0, 0.0], 0.5), GaussianMixture([2.0, 1.0], 0.5))
    law = straight()

    def gradient(fixed):
        cost = SteeringCost(problem, Scale(np.zeros(2), 1.0), 64, 1.0, fixed)
        value = lambda law: cost(jax.random.key(0), law, None)  # noqa: E731
        return compiled(eqx.filter_grad(value))(law).density.components

    free, held, start = gradient((False, False)), gradient((True, True)), gradient((True, False))
    assert np.abs(free.endpoints).min() > 0.1
    assert np.abs(held.endpoints).max() == np.abs(held.raw_scales).max() == 0
    assert np.abs(start.endpoints[:, 0]).max() == 0 < np.abs(start.endpoints[:, 1]).min()
    np.testing.assert_allclose(held.coefficients, free.coefficients)
    other = conservax.ConservationLaw(law.density.components, FactorizedFlux())
    assert fix_endpoints(other, (True, True)) is other


def few(components, coefficients):
    return FourierTrajectories(components=components, coefficients=coefficients)


@pytest.fixture(scope="module")
def solved():
    """A plan past a circle in the middle."""
    problem = Problem(
        GaussianMixture([-3.0, 0.0], 0.2),
        GaussianMixture([3.0, 0.0], 0.2),
        costs=[Circles([[0.0, 0.0]], 1.0, weight=200.0, margin=0.2), Entropy(1.0)],
        columns=("east", "north"),
    )
    return plan(problem, model=few(8, 6), training=PlanTraining(steps=300, points=128))


def test_a_plan_avoids_the_obstacle_and_reaches_the_goal(solved):
    paths = solved.rollout(400, times=101)
    scores = solved.scores(paths, diffusion=0.0)
    assert scores.collisions <= 0.02
    assert scores.homotopy_classes == 2
    assert scores.terminal_w2 < 1.3 * scores.floor_w2
    assert solved.costs(2000)["control"] > 0.5 * 36
    assert paths.x.shape == (400, 101, 2)


def test_noise_keeps_the_marginals(solved):
    paths = solved.rollout(400, diffusion=0.5, times=11, steps=200)
    drawn = solved.model.sample(0.5, 4000)
    np.testing.assert_allclose(paths.x[:, 5].std(0), drawn.std(0), rtol=0.1)
    with pytest.raises(DataError, match="diffusion of 0 or more"):
        solved.rollout(diffusion=-1.0)


def test_noise_has_its_quadratic_variation_in_the_units_of_the_problem(solved):
    def roughness(diffusion):
        x = solved.rollout(100, diffusion=diffusion, times=201, steps=200).x
        return np.mean(np.sum(np.diff(x, axis=1) ** 2, axis=(1, 2)))

    # Two coordinates, each of quadratic variation g^2.
    assert roughness(0.5) - roughness(0.0) == pytest.approx(2 * 0.5**2, rel=0.1)


@pytest.mark.parametrize(("mean_field_game", "factor"), [(True, 0.5), (False, 0.25)])
def test_the_mean_is_fixed_in_a_mean_field_game(mean_field_game, factor):
    # A narrow component at m costs |m - m / 2|^2 / 2: slope m / 2 if the mean is fixed, m / 4 if not.
    narrow = FourierTrajectory([[3.0], [3.0]], 1e-2, np.zeros((1, 1)), min_scale=1e-6)
    law = ConservationLaw(Mixture([narrow]), MixtureFlux(FactorizedFlux()))
    problem = Problem(
        GaussianMixture([0.0], 1.0),
        GaussianMixture([0.0], 1.0),
        costs=[Flocking(1.0, pull=0.5)],
        mean_field_game=mean_field_game,
    )
    cost = SteeringCost(problem, Scale(np.zeros(1), 1.0), 256, 1.0, (False, False))
    value = lambda law: cost(jax.random.key(0), law, None)  # noqa: E731
    slope = compiled(eqx.filter_grad(value))(law).density.components.endpoints.sum()
    assert slope == pytest.approx(3 * factor, rel=0.02)


def test_the_density_is_fixed_in_a_mean_field_game():
    # The common optimum minimises E rho, whose slope is twice that with rho fixed.
    law = straight()

    def slope(mean_field_game):
        ends = GaussianMixture([0.0, 0.0], 1.0), GaussianMixture([1.0, 0.0], 1.0)
        problem = Problem(*ends, mean_field_game=mean_field_game)
        congested = Problem(*ends, costs=[Congestion(5.0)], mean_field_game=mean_field_game)
        parts = [
            SteeringCost(each, Scale(np.zeros(2), 1.0), 20_000, 1.0, (False, False))
            for each in (congested, problem)
        ]
        value = lambda law: parts[0](KEY, law, None) - parts[1](KEY, law, None)  # noqa: E731
        return compiled(eqx.filter_grad(value))(law).density.components.raw_scales.sum()

    assert slope(True) == pytest.approx(0.5 * float(slope(False)), rel=0.05)


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        (PlanTraining, "steps", -1),
        (PlanTraining, "steps", True),
        (FourierTrajectories, "components", 2.5),
        (PlanTraining, "points", 0),
        (FourierTrajectories, "coefficients", "a"),
        (PlanTraining, "learning_rate", np.nan),
        (FourierTrajectories, "bend", np.nan),
        (PlanTraining, "boundary_weight", "a"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, name, value):
    with pytest.raises(DataError, match=name):
        settings(**{name: value})


def test_a_seed_is_a_whole_number_and_some_steps_are_made():
    problem = Problem(GaussianMixture([0.0], 1.0), GaussianMixture([2.0], 1.0))
    with pytest.raises(DataError, match="seed"):
        plan(problem, seed=-1)
    with pytest.raises(DataError, match="at least one step"):
        PlanTraining(likelihood_steps=0, control_steps=0, steps=0)


def test_training_stops_where_on_chunk_says_true():
    problem = Problem(GaussianMixture([0.0], 1.0), GaussianMixture([2.0], 1.0))
    training = PlanTraining(likelihood_steps=2, control_steps=0, steps=3, points=8)
    seen = []
    plan(
        problem, model=few(1, 1), training=training, on_chunk=lambda r: seen.append(r.step) or True
    )
    assert seen == [2]


def test_few_paths_are_scored(solved):
    assert solved.scores(solved.rollout(3), diffusion=0.0).terminal_w2 > 0


def test_a_very_narrow_start_is_solved():
    problem = Problem(GaussianMixture([-3.0, 0.0], 1e-4), GaussianMixture([3.0, 0.0], 0.2))
    training = PlanTraining(likelihood_steps=5, control_steps=0, steps=5, points=16)
    done = plan(problem, model=few(2, 2), training=training)
    assert np.isfinite(done.costs(64)["total"])


@pytest.mark.parametrize("columns", [["x", "x"], ["t", "x"], [1, 2], 3, ["x"]])
def test_columns_are_different_names(columns):
    with pytest.raises(DataError, match="columns"):
        Problem(GaussianMixture([0.0, 0.0], 1.0), GaussianMixture([1.0, 0.0], 1.0), columns=columns)


def test_a_terminal_cost_replaces_the_goal():
    problem = Problem(GaussianMixture([2.0], 0.3), terminal=lambda x: 20 * x[0] ** 2)
    steps = {"likelihood_steps": 5, "control_steps": 0, "steps": 400}
    training = PlanTraining(points=64, learning_rate=0.05, **steps)
    done = plan(problem, model=few(1, 1), training=training)
    # In a straight line to 2 / (1 + 40), where control and terminal cost balance.
    assert done.model.sample(1.0, 2000).mean() == pytest.approx(2 / 41, abs=0.1)
    assert done.model.sample(0.0, 2000).mean() == pytest.approx(2.0, abs=0.1)


def test_a_plan_is_saved_as_a_model(solved, tmp_path):
    solved.save(tmp_path / "plan.conservax")
    model = conservax.load(tmp_path / "plan.conservax")
    x = np.array([[0.0, 1.5]])
    np.testing.assert_allclose(model.velocity(0.4, x), solved.model.velocity(0.4, x))
    assert model.columns == ("east", "north")
    assert model.settings == solved.model.settings
    assert model.settings.plan["components"] == 8


@pytest.mark.slow
@pytest.mark.parametrize("model", ["factorized", "autoregressive"])
def test_other_densities_and_samples(model):
    rng = np.random.default_rng(0)
    start, goal = (rng.normal(middle, 1, (500, 2)) for middle in ([0.0, 0.0], [2.0, 0.0]))
    problem = Problem(EmpiricalSample(start), goal, costs=[Potential([1.0, 0.0])])
    training = PlanTraining(likelihood_steps=40, control_steps=5, steps=5, points=64)
    done = plan(problem, model=model, training=training)
    nll = done.model.metrics["nll"]
    assert nll.iloc[0] > nll.iloc[-1]
    assert np.isfinite(done.costs(256)["total"])


def test_it_refuses_another_density():
    problem = Problem(GaussianMixture([0.0], 1.0), GaussianMixture([1.0], 1.0))
    with pytest.raises(DataError, match="expected a model of"):
        plan(problem, model="fluid")


def test_without_obstacles_there_are_no_collisions():
    problem = Problem(GaussianMixture([0.0], 1.0), GaussianMixture([2.0], 1.0))
    training = PlanTraining(likelihood_steps=1, control_steps=0, steps=0, points=8)
    done = plan(problem, model=few(1, 1), training=training)
    assert done.scores(done.rollout(8), diffusion=0.0).collisions is None
    assert done.model.settings.checks == ()


def test_an_obstacle_without_a_weight_gets_the_requested_cost_at_its_centre():
    boxes = Boxes([[-2.0, -1.0], [4.0, 4.0]], [[2.0, 1.0], [5.0, 5.0]], softness=1e-3)
    problem = Problem(
        GaussianMixture([-5.0, 0.0], 0.1),
        GaussianMixture([8.0, 0.0], 0.1),
        costs=[boxes, Circles([[0, 3.0]], 1.0, weight=7.0)],
    )
    weighted = problem.with_obstacle_weights(90.0)
    # The centre of the larger one is 1 deep.
    assert [shapes.weight for shapes in weighted.obstacles] == [pytest.approx(90.0), 7.0]
    assert [shapes.weight for shapes in problem.obstacles] == [None, 7.0]


def test_gradients_of_boxes_are_finite_however_the_compiler_rounds():
    boxes = Boxes([[-0.5, -4.0]], [[0.5, 4.0]], weight=0.01)
    problem = Problem(
        GaussianMixture([-3.0, 0.0], 0.2), GaussianMixture([3.0, 0.0], 0.2), costs=[boxes]
    )
    training = PlanTraining(likelihood_steps=2, control_steps=0, steps=3, points=48)
    with pytest.warns(ObstacleWarning, match="100 % of paths collide with an obstacle"):
        done = plan(problem, model=few(3, 4), training=training)
    assert np.isfinite(done.model.metrics["train"]).all()


def test_a_warning_reports_that_the_problem_is_solved_again_with_larger_weights():
    # One step is too few to avoid the obstacle, whatever the weight.
    circle = Circles([[0.0, 0.0]], 1.0)
    problem = Problem(
        GaussianMixture([-3.0, 0.0], 0.2), GaussianMixture([3.0, 0.0], 0.2), costs=[circle]
    )
    training = PlanTraining(likelihood_steps=1, control_steps=0, steps=1, points=16)
    with pytest.warns() as caught:
        plan(problem, model=few(2, 2), training=training)
    categories = [warning.category for warning in caught]
    assert categories == [RepeatWarning, RepeatWarning, ObstacleWarning]
    words = "collide with an obstacle, expected 1 % or fewer: solving again with 10 times"
    assert words in str(caught[0].message)
    assert caught[0].filename == __file__


def test_the_model_holds_the_checks_of_all_roll_outs(solved):
    scores = [PlanScores(g, part, 0.1, 0.1, 2, 100) for g, part in ((0.0, 0.0), (0.5, 0.2))]
    solved.record_checks(scores)
    found = [result for result in solved.model.check().results if "collision" in result.name]
    assert [(result.value, result.passed) for result in found] == [(0.0, True), (0.2, False)]
    assert found[1].detail.startswith("100 paths, g = 0.5: 20 % of paths collide")

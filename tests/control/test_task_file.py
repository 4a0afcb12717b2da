"""TOML files of control problems: their keys, and the key that a message names."""

import numpy as np
import pandas as pd
import pytest

from conservax.control import Circles, EmpiricalSample, FourierTrajectories, PlanTraining, read_task
from conservax.data import DataError

BOUNDARIES = """
[start]
means = [0, 0]
deviations = 0.1
[goal]
means = [4, 0]
deviations = [0.1, 0.2]
"""


def read(tmp_path, text):
    path = tmp_path / "task.toml"
    path.write_text(text)
    return read_task(path)


def test_a_whole_file(tmp_path):
    goal = np.random.default_rng(0).normal([4, 0], 0.2, (50, 2))
    pd.DataFrame(goal, columns=["x", "y"]).to_csv(tmp_path / "goal.csv", index=False)
    text = """
    columns = ["x", "y"]
    diffusion = 0.2
    control_weight = 2
    reference = [1.0, 0.0]
    start = {means = [0, 0], deviations = 0.1}
    goal = {file = "goal.csv"}
    terminal = {centre = [4, 0], weight = 3}
    solve = {steps = 7, components = 3}
    rollout = {diffusion = [0, 1], paths = 20}
    entropy = {weight = 1}
    workspace = {low = [-9, -9], high = [9, 9]}
    [[circles]]
    centre = [[2, 2]]
    radius = 1
    [[circles]]
    centre = [[2, -2]]
    radius = 0.5
    weight = 7
    """
    found = read(tmp_path, text)
    problem = found.problem
    assert found.solve == {
        "model": FourierTrajectories(components=3),
        "training": PlanTraining(steps=7),
    }
    assert (found.diffusions, found.paths) == ((0.0, 1.0), 20)
    assert (problem.diffusion, problem.control_weight, problem.columns) == (0.2, 2.0, ("x", "y"))
    assert [c.weight for c in problem.costs if isinstance(c, Circles)] == [None, 7.0]
    assert isinstance(problem.goal, EmpiricalSample)
    np.testing.assert_allclose(problem.goal.x, goal)
    assert float(problem.terminal(np.array([4.0, 2.0]))) == pytest.approx(3 * 4 / 2)
    np.testing.assert_allclose(problem.reference(0.0, np.zeros(2)), [1, 0])


def test_a_task_by_name(tmp_path):
    assert len(read(tmp_path, 'task = "circles-0"').problem.obstacles[0].centres()) == 15


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("task = ", "task.toml: expected a TOML file"),
        ('task = "nowhere"', "task.toml: task: expected a task of"),
        ('task = "gmm"\ndiffusion = 1', r"got task and \['diffusion'\]"),
        ("speed = 1" + BOUNDARIES, "the file: unknown key 'speed'"),
        ("diffusion = 'much'" + BOUNDARIES, "diffusion: expected a number; got 'much'"),
        ("diffusion = -1" + BOUNDARIES, "diffusion of 0 or more; got -1"),
        ("goal = {means = [1, 0], deviations = 1}", "start: expected a table"),
        ("start = {means = [1, 0]}", r"start: expected \['deviations'\], or a file"),
        ("start = 3", "start: expected a table of means"),
        (BOUNDARIES + "[circles]\ncentre = [[2, 3]]\nradiuss = 1", "circles: unknown key 'radiuss'"),
        (BOUNDARIES + "[circles]\ncentre = [[2, 3]]", "circles: .*radius"),
        (BOUNDARIES + "[circles]\ncentre = [[2, 3]]\nradius = 1\nweight = -2", "circles: .*weight of 0"),
        (BOUNDARIES + "[circles]\ncentre = [[4, 0]]\nradius = 1", "goal: expected a location outside"),
        (BOUNDARIES + "[entropy]\nweight = 'x'", "entropy.weight: expected a number"),
        (BOUNDARIES + "[solve]\nstep = 3", "solve: unknown key 'step'"),
        (BOUNDARIES + "[solve]\nsteps = -3", "task.toml: solve: steps: expected a whole number"),
        (BOUNDARIES + "[solve]\ncomponents = 0", "task.toml: solve: components: expected a whole number"),
        (BOUNDARIES + "[solve]\nmodel = 'factorized'\nbend = 0.1", r"\['bend'\] with Fourier trajectories"),
        (BOUNDARIES + "[rollout]\npaths = 2", "rollout.paths: expected a whole number"),
        (BOUNDARIES + "[rollout]\ndiffusion = [0, -1]", "rollout.diffusion: expected 0 or more"),
        ("start = {means = [0], deviations = 1}\ngoal = {means = [0, 1], deviations = 1}",
         "task.toml: expected start and goal of one dimension"),
    ],
)  # fmt: skip
def test_messages_name_the_key(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        read(tmp_path, text)


def test_settings_of_fourier_trajectories_choose_them(tmp_path):
    usual = read(tmp_path, 'task = "swarm"\nsolve = {steps = 3}').solve
    assert "model" not in usual
    chosen = read(tmp_path, 'task = "swarm"\nsolve = {components = 3}').solve
    assert chosen["model"] == FourierTrajectories(components=3)

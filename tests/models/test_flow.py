"""Flows by name: whitened, coupled, with a closed flow map, and sane far from the data."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import conservax
from conservax import DataError, HoldOut, Training
from conservax.bijection import CouplingFlow
from conservax.data import read_table
from conservax.density import DiagonalGaussianMixture, PushForward
from conservax.fitting._dataset import dataset_of
from conservax.fitting._objectives import usual_objective
from conservax.flux import PushForwardFlux
from conservax.models import Autoregressive, Custom, Flow, KernelMixture, Trajectories
from conservax.objective import CoupledMatching, NegativeLogLikelihood
from conservax.train import Stage

QUICK = Training(steps=2, batch_size=16, chunk=2, progress=False)
PLANE = {"time": "t", "columns": ["x0", "x1"], "training": QUICK}
SMALL = {"components": 3, "layers": 2, "width": 8, "depth": 1}


def table(rng, dim=2, count=60, shift=4.0):
    """Two snapshots, far apart and of unlike widths."""
    t = np.repeat([0.0, 3.0], count)
    x = rng.normal(size=(2 * count, dim)) * np.where(t > 0, 0.2, 1.0)[:, None] + shift * t[:, None]
    return pd.DataFrame({"t": t, **{f"x{i}": x[:, i] for i in range(dim)}})


def fitted(frame, **options):
    columns = list(frame.columns[1:])
    return conservax.fit(
        frame,
        time="t",
        columns=columns,
        model=Flow(**SMALL, **options),
        training=QUICK,
        holdout=HoldOut(validation=0.2),
    )


def test_a_flow_begins_as_a_normal_in_each_snapshot():
    frame = table(np.random.default_rng(0))
    t, x = frame["t"].to_numpy() / 3, frame[["x0", "x1"]].to_numpy()
    density = Flow(**SMALL).density(t, x, seed=0)(jax.random.key(0))
    for time in (0.0, 1.0):
        keys = jax.random.split(jax.random.key(1), 4000)
        drawn = np.asarray(jax.vmap(lambda key: density.sample(key, time))(keys))  # noqa: B023
        cells = x[t == time]
        np.testing.assert_allclose(drawn.mean(0), cells.mean(0), atol=0.3 * cells.std())
        np.testing.assert_allclose(drawn.std(0), cells.std(0), rtol=0.3)


def test_a_flow_by_name_matches_pairs_and_has_a_closed_map(tmp_path):
    model = fitted(table(np.random.default_rng(1)))
    assert model.law.has_flow_map
    assert "matching" in model.metrics
    x = np.array([[0.5, -0.5], [1.0, 2.0]])
    there = model.transport(x, 0.0, 3.0)
    np.testing.assert_allclose(model.transport(there, 3.0, 0.0), x, atol=1e-3)
    model.save(tmp_path / "m.conservax")
    again = conservax.load(tmp_path / "m.conservax")
    np.testing.assert_array_equal(again.transport(x, 0.0, 3.0), there)
    assert again.settings.model == model.settings.model


def test_values_and_gradients_are_finite_far_from_the_data():
    model = fitted(table(np.random.default_rng(2), dim=5))
    for far in (1e2, 1e4):
        x = far * jax.random.normal(jax.random.key(0), (20, 5), jnp.float32)
        for part in (model.law.log_prob, lambda t, x: model.law.velocity(t, x) @ jnp.ones(5)):
            found = jax.vmap(jax.value_and_grad(part, argnums=1), (None, 0))(0.4, x)
            assert all(np.isfinite(leaf).all() for leaf in found)


def test_weights_of_matching_and_terms_of_ones_own():
    frame = table(np.random.default_rng(3))
    assert "matching" not in fitted(frame, matching_weight=0.0).metrics
    own = NegativeLogLikelihood() + 0.2 * CoupledMatching(robust=True)
    model = conservax.fit(frame, model="autoregressive", objective=own, **PLANE)
    assert "matching" in model.metrics
    with pytest.raises(DataError, match="matching_weight without an objective"):
        conservax.fit(frame, model=Flow(matching_weight=0.1), objective=own, **PLANE)


@pytest.mark.parametrize("base", [KernelMixture(components=3), "autoregressive"])
def test_a_base_that_moves(base, tmp_path):
    options = {name: size for name, size in SMALL.items() if name != "components"}
    frame = table(np.random.default_rng(4))
    model = conservax.fit(frame, model=Flow(base=base, **options), **PLANE)
    assert model.law.has_flow_map
    assert model.check().passed
    model.save(tmp_path / "m.conservax")
    assert conservax.load(tmp_path / "m.conservax").settings.model == model.settings.model


def test_a_base_by_name_has_its_usual_settings():
    assert Flow(base="kernel-mixture").moving_base == KernelMixture()
    assert Flow().moving_base is None


def test_a_base_that_cannot_be_pushed_is_refused():
    with pytest.raises(TypeError, match="expected a base of"):
        Flow(base="trajectories")
    with pytest.raises(DataError, match="expected a base without kinetic_weight"):
        Flow(base=KernelMixture(kinetic_weight=0.1))
    with pytest.raises(DataError, match="components of the base that rests"):
        Flow(base="kernel-mixture", components=3)


def test_what_cannot_be_coupled_is_said():
    rng = np.random.default_rng(5)
    with pytest.raises(DataError, match="two columns or more"):
        fitted(table(rng, dim=1))
    t, x = np.arange(200.0), rng.normal(size=(200, 2))
    many = pd.DataFrame({"t": t, "x0": x[:, 0], "x1": x[:, 1]})
    assert "matching" not in fitted(many).metrics
    with pytest.raises(DataError, match="to couple cells of"):
        fitted(many, matching_weight=0.5)


def test_terms_that_want_other_pairs_are_refused():
    frame = table(np.random.default_rng(6))
    training = Training(batch_size=16, chunk=2, progress=False)
    own = [NegativeLogLikelihood() + CoupledMatching(mass_penalty=m) for m in (None, 2.0)]
    stages = [Stage(2, objective) for objective in own]
    options = {"time": "t", "columns": ["x0", "x1"], "objective": stages, "training": training}
    with pytest.raises(DataError, match="one mass_penalty of all terms"):
        conservax.fit(frame, model=Flow(**SMALL), **options)


class Shrinking(CouplingFlow):
    """Couplings whose inverse is not theirs."""

    def inverse_and_log_det(self, t, x, condition=None):
        return super().inverse_and_log_det(t, 0.9 * x, condition)


def test_a_bijection_whose_inverse_does_not_invert_is_refused():
    rest = DiagonalGaussianMixture(np.zeros((1, 2)), np.ones((1, 2)))
    sizes = {"layers": 2, "width": 8, "depth": 1}
    wrong = Custom(
        build=lambda key: PushForward(rest, Shrinking(2, key=key, **sizes)), flux=PushForwardFlux()
    )
    with pytest.raises(ValueError, match="Shrinking is off by 0"):
        conservax.fit(table(np.random.default_rng(7)), model=wrong, **PLANE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transformer": "cubic"}, "expected a transformer of"),
        ({"max_log_scale": 0}, "max_log_scale above 0"),
        ({"transformer": "spline", "max_log_scale": 1.0}, "of affine transformers"),
        (
            {"reference": lambda t, x: -x, "diffusion": 0.3, "matching_weight": 1.0},
            "matching_weight without a reference",
        ),
    ],
)
def test_settings_without_an_effect_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        Flow(**options)


def test_beside_a_reference_nothing_is_matched():
    frame = table(np.random.default_rng(8))
    found = fitted(frame, reference=lambda t, x: -x, diffusion=0.3)
    assert "matching" not in found.metrics


def test_each_snapshot_counts_as_much_in_whether_they_are_far_apart():
    rng = np.random.default_rng(9)
    t = np.repeat([0.0, 1.0], [20, 4000])
    near, far = rng.normal(size=(2, len(t), 2))
    far = far + 8 * (1 - t[:, None])
    assert Flow().is_whitened(t, far)
    assert not Flow().is_whitened(t, near)


@pytest.mark.parametrize(
    ("spec", "robust"),
    [
        (Autoregressive(matching_weight=1.0), True),
        (Autoregressive(matching_weight=1.0, growth_weight=0.1), True),
        (Trajectories(matching_weight=1.0), False),
        (Flow(), False),
    ],
)
def test_matching_is_robust_for_velocities_with_heavy_tails(spec, robust):
    frame = table(np.random.default_rng(10))
    rows = read_table(frame, time="t", columns=["x0", "x1"])
    dataset = dataset_of(rows, HoldOut(), 0)
    objective = usual_objective(spec, dataset.split.train, dataset.units)
    (found,) = (term for _, term in objective.terms if isinstance(term, CoupledMatching))
    assert found.robust == robust


def test_births_that_cost_nothing_leave_nothing_to_match():
    spec = Autoregressive(matching_weight=1.0, growth_weight=0.0)
    with pytest.raises(DataError, match="growth_weight above 0 beside matching_weight"):
        conservax.fit(table(np.random.default_rng(11)), model=spec, **PLANE)

"""Folders of runs: written, killed, gone on with and read, with parts of one's own too."""

import dataclasses
import json
import shutil
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import conservax
from conservax import DataError, HoldOut, Training, density, objective
from conservax.flux import FactorizedFlux
from conservax.model import OwnPart
from conservax.models import Autoregressive, Custom
from conservax.reference import AbstractReference, WithReference

ONE = {"time": "when", "columns": ["km"]}


class Reach(objective.AbstractObjective):
    """An objective of the user's own."""

    name: ClassVar[str] = "reach"

    def __call__(self, key, law, rows):
        return jnp.mean(jax.vmap(law.log_prob)(rows.t, rows.x) ** 2)


class Pull(AbstractReference):
    """A reference of the user's own, with a parameter."""

    rate: jax.Array

    def __call__(self, t, x):
        return -self.rate * x


def assert_same(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


def stop_at(step):
    def on_chunk(report):
        if report.step >= step:
            raise KeyboardInterrupt

    return on_chunk


def killed(fit, *args, out, **how):
    """A run that was interrupted after its first chunk."""
    with pytest.raises(KeyboardInterrupt):
        fit(*args, out=out, on_chunk=stop_at(0), **how)


def test_a_run_resumes_with_its_settings(quick_fit, drifting, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    how = {"training": {"chunk": 10}, "holdout": HoldOut(test=0.2), "seed": 3, **ONE}
    straight = quick_fit(drifting(), out=whole, **how)
    killed(quick_fit, drifting(), out=broken, **how)
    resumed = conservax.resume(broken)
    assert_same(resumed.law, straight.law)
    assert resumed.settings == straight.settings
    assert isinstance(resumed.settings.model, Autoregressive)
    assert isinstance(resumed.settings.training, Training)
    for name in ("metrics.csv", "checkpoint.safetensors", "config.json"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes()
    config = json.loads((broken / "config.json").read_text())
    assert config["settings"]["model"]["class"] == "models.Autoregressive"
    assert config["settings"]["training"]["batch_size"] == 32


def test_a_resumed_run_stops_where_on_chunk_says_true(quick_fit, drifting, tmp_path):
    out = tmp_path / "run"
    killed(quick_fit, drifting(), out=out, training={"chunk": 10, "steps": 60}, **ONE)
    stopped = conservax.resume(out, on_chunk=lambda report: report.step >= 30)
    assert (stopped.settings.outcome.steps, stopped.settings.outcome.stopped_early) == (30, True)


def test_a_run_with_an_objective_of_your_own_resumes_with_the_same_objective(
    quick_fit, drifting, tmp_path
):
    want = objective.NegativeLogLikelihood() + 0.1 * Reach()
    out = tmp_path / "run"
    how = {"model": {"kinetic_weight": None}, "training": {"steps": 200}, **ONE}
    whole = quick_fit(drifting(), objective=want, out=out, **how)
    assert whole.settings.own == ("objective",)
    (out / "model.conservax").unlink()
    with pytest.raises(DataError, match="had its own objective"):
        conservax.resume(out)
    conservax.resume(out, objective=want)
    assert_same(whole.law, conservax.load(out).law)


def test_a_known_objective_is_not_needed_to_resume(quick_fit, drifting, tmp_path):
    out = tmp_path / "run"
    want = objective.NegativeLogLikelihood() + 0.1 * objective.KineticEnergy()
    how = {"model": {"kinetic_weight": None}, "training": {"chunk": 10}, **ONE}
    killed(quick_fit, drifting(), objective=want, out=out, **how)
    with pytest.raises(DataError, match="did not have its own objective"):
        conservax.resume(out, objective=want)
    resumed = conservax.resume(out)
    assert_same(resumed.law, quick_fit(drifting(), objective=want, **how).law)


def test_an_optimiser_of_your_own_is_needed_to_resume(quick_fit, drifting, tmp_path):
    out, sgd = tmp_path / "run", optax.sgd(0.01)
    how = {"training": {"chunk": 10, "optimiser": sgd}, **ONE}
    killed(quick_fit, drifting(), out=out, **how)
    with pytest.raises(DataError, match="had its own optimiser"):
        conservax.resume(out)
    resumed = conservax.resume(out, optimiser=sgd)
    assert_same(resumed.law, quick_fit(drifting(), **how).law)
    kept = conservax.load(out).settings
    assert kept.own == ("optimiser",)
    assert isinstance(kept.training.optimiser, OwnPart)
    assert kept.training.learning_rate is None


def growing_noise(t):
    return 0.1 + t


@pytest.fixture(scope="module")
def own(quick_fit, drifting, tmp_path_factory):
    """A run whose law has a diffusion of one's own."""
    out = tmp_path_factory.mktemp("runs") / "run"
    return out, quick_fit(drifting(), model={"diffusion": growing_noise}, out=out, **ONE)


def law_like(width=16, **options):
    """A law built as that of `own`, with other numbers."""
    shape = density.Autoregressive(1, components=3, width=width, depth=1, key=jax.random.key(9))
    options = {"diffusion": growing_noise} | options
    return conservax.ConservationLaw(shape, conservax.flux.KnotheRosenblatt(), **options)


def test_a_law_with_parts_of_ones_own_is_read_into_one_built_alike(own):
    out, model = own
    back = conservax.load(out, like=law_like())
    x = model.sample("2024-01-05", 5)
    np.testing.assert_array_equal(back.drift("2024-01-05", x), model.drift("2024-01-05", x))
    assert back.law.diffusion is growing_noise
    assert len(back.split.train) == len(model.split.train)
    assert back.settings.model.diffusion == OwnPart("growing_noise")
    assert dataclasses.replace(back.settings.model, diffusion=growing_noise) == model.settings.model
    alone = conservax.load(out / "model.conservax", like=model.law)
    np.testing.assert_array_equal(alone.drift("2024-01-05", x), model.drift("2024-01-05", x))


def test_a_part_of_ones_own_is_marked_as_missing(own):
    kept = conservax.load(own[0], like=law_like()).settings
    with pytest.raises(TypeError, match="growing_noise: a part of your own, which the file does"):
        kept.model.diffusion(0.5)


def test_without_a_law_built_alike_it_is_refused(own):
    out, _ = own
    words = r"parts of your own, of which the file holds the numbers alone.*load\(path, like=law\)"
    with pytest.raises(DataError, match=words):
        conservax.load(out)
    with pytest.raises(DataError, match=words):
        conservax.load(out / "model.conservax")


FACTORIZED = density.Factorized(1, width=16, key=jax.random.key(0))


@pytest.mark.parametrize(
    "like", [law_like(width=24), conservax.ConservationLaw(FACTORIZED, FactorizedFlux())]
)
def test_a_law_of_another_structure_is_refused(own, like):
    with pytest.raises(DataError, match="arrays of the shapes that were stored; got one"):
        conservax.load(own[0], like=like)


def test_a_killed_run_with_parts_of_ones_own_resumes(own, quick_fit, drifting, tmp_path):
    _, straight = own
    how = {"model": {"diffusion": growing_noise}, "training": {"chunk": 10}, **ONE}
    killed(quick_fit, drifting(), out=tmp_path / "run", **how)
    with pytest.raises(DataError, match="like"):
        conservax.resume(tmp_path / "run")
    resumed = conservax.resume(tmp_path / "run", like=law_like())
    for a, b in zip(jax.tree.leaves(resumed.law), jax.tree.leaves(straight.law), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert resumed.law.diffusion is growing_noise


def test_a_density_and_a_reference_of_ones_own_survive_the_file(quick_fit, drifting, tmp_path):
    spec = Custom(
        build=lambda key: density.Factorized(1, components=2, width=8, depth=1, key=key),
        flux=FactorizedFlux(),
        diffusion=0.3,
        reference=Pull(jnp.asarray(0.2)),
    )
    model = quick_fit(drifting(40), model=spec, out=tmp_path / "run", training={"steps": 3}, **ONE)
    assert isinstance(model.reference.reference, Pull)
    assert isinstance(model.law, conservax.ConservationLaw)
    like = WithReference(*jax.tree.map(lambda leaf: 0 * leaf, (model.law, model.reference)))
    back = conservax.load(tmp_path / "run", like=like)
    assert_same((back.law, back.reference), (model.law, model.reference))
    with pytest.raises(DataError, match="shapes that were stored"):
        conservax.load(tmp_path / "run", like=model.law)


def test_a_folder_with_a_model_alone_is_not_a_run(own, tmp_path):
    shutil.copy(own[0] / "model.conservax", tmp_path)
    with pytest.raises(DataError, match=r"rows of a run in data\.npz; got no such file"):
        conservax.load(tmp_path, like=law_like())


def test_a_folder_without_a_finished_run_is_refused(quick_fit, drifting, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(DataError, match="no such run"):
        conservax.load(out)
    with pytest.raises(DataError, match="not the folder of a run"):
        conservax.resume(tmp_path)
    killed(quick_fit, drifting(), out=out, **ONE)
    with pytest.raises(DataError, match=r"not finished.*resume"):
        conservax.load(out)

"""Transport between named densities: densities, the loss, and known values."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from benchmarks.papers import _subharmonic_transport as subharmonic
from benchmarks.papers import _transport2d as bench
from benchmarks.papers._named_densities import DEVIATIONS, NamedDensity, named_density
from conservax.density import Gaussian
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw

KEY = jax.random.key(0)
TINY = dataclasses.replace(
    bench.QUICK,
    stages=((2, 0.05),),
    subharmonic_first=2,
    subharmonic_steps=2,
    samples=40,
    components=4,
    normals=4,
)


def bump(centre, deviation=0.5):
    return NamedDensity(jnp.asarray([centre]), deviation)


def shifted(shift, deviation=0.5):
    """A round normal that moves steadily from the origin by `shift`."""
    density = Gaussian(2, lambda t: t * jnp.asarray(shift), lambda t: jnp.full(2, deviation))
    return ConservationLaw(density, KnotheRosenblatt())


@pytest.mark.parametrize("name", DEVIATIONS)
def test_named_densities_are_densities_of_their_draws(name):
    density = named_density(name)
    assert density.centres.shape[1] == 2
    axis = np.linspace(-4.5, 4.5, 121)
    nodes = jnp.asarray(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    values = np.asarray(subharmonic.densities_of(density.log_prob, nodes))
    cell = (axis[1] - axis[0]) ** 2
    assert values.sum() * cell == pytest.approx(1, abs=2e-3)
    draws = np.asarray(jax.jit(jax.vmap(density.sample))(jax.random.split(KEY, 4000)))
    mean = values @ np.asarray(nodes) * cell
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.07)
    second = (values @ np.asarray(nodes) ** 2 * cell).sum()
    assert np.mean(np.sum(draws**2, axis=1)) == pytest.approx(second, rel=0.05)


def test_rows_of_the_ends_are_weighed_to_an_integral():
    ends = bump([0.0, 0.0]), bump([1.0, -1.0])
    rows = subharmonic.end_rows(ends, 4000, KEY)
    assert rows.x.shape == (16_000, 2)
    assert float(rows.t.mean()) == 0.5
    # The integral of a function that is no density of the rows.
    values = np.exp(-np.sum((np.asarray(rows.x) - 0.3) ** 2, axis=1))
    assert np.mean(values / rows.spread) == pytest.approx(np.pi, rel=0.03)
    for end, density in enumerate(ends):
        there = np.asarray(rows.t) == end
        truth = np.exp(jax.vmap(density.log_prob)(rows.x))
        np.testing.assert_allclose(rows.target[there], truth[there], rtol=1e-12)


def test_the_loss_of_a_law_that_is_known():
    shift = [1.0, -1.0]
    rows = subharmonic.end_rows((bump([0.0, 0.0]), bump(shift)), 4000, KEY)
    law = shifted(shift)
    ends = jax.jit(lambda: subharmonic.EndError()(KEY, law, rows))()
    np.testing.assert_allclose(ends, 0, atol=1e-12)
    energy = jax.jit(lambda: subharmonic.SpreadEnergy()(KEY, law, rows))()
    np.testing.assert_allclose(energy, 2.0, rtol=0.05)  # |shift|^2
    still = shifted([0.0, 0.0])
    assert jax.jit(lambda: subharmonic.EndError()(KEY, still, rows))() > 0.01
    np.testing.assert_allclose(
        jax.jit(lambda: subharmonic.SpreadEnergy()(KEY, still, rows))(), 0, atol=1e-12
    )


def test_the_excess_is_a_divergence():
    x = jax.vmap(bump([0.0, 0.0]).sample)(jax.random.split(KEY, 8000))
    law = shifted([1.0, -1.0])
    found = [
        subharmonic.excess(lambda x, t=t: law.log_prob(jnp.asarray(t), x), bump([0.0, 0.0]), x)
        for t in (0.0, 1.0)
    ]
    # Between round normals it is half the squared distance over the variance.
    np.testing.assert_allclose(found, [0, 4.0], atol=0.1)


def test_samples_are_transported_from_end_to_end():
    x = jax.random.normal(KEY, (20, 2))
    paths = bench.push_forward(shifted([1.0, -1.0]), x)
    np.testing.assert_allclose(paths[:, 0], x, atol=1e-12)
    np.testing.assert_allclose(paths[:, 1] - paths[:, 0], [[1.0, -1.0]] * 20, atol=1e-6)


def test_five_pairs_have_to_be_near():
    errors = [0.5, 0.01, 0.02, 0.9, 0.005, 0.029, 0.001]
    frame = pd.DataFrame({"law": bench.DEFAULT, "error": errors})
    assert bench.nearest_claim(frame).value == 0.029
    assert bench.nearest_claim(frame).passed
    assert not bench.nearest_claim(frame[:4]).passed
    assert not bench.nearest_claim(frame.assign(law=bench.SUBHARMONIC)).passed


def test_every_pair_is_asked_for_once():
    assert len(bench.PAIRS) == 21
    assert set(bench.QUICK_PAIRS) <= set(bench.PAIRS)
    assert len(bench.QUICK_PAIRS) >= bench.NEAREST


def test_densities_that_are_named_are_taken_pair_by_pair(monkeypatch):
    def evaluate(names, kinds, settings, seed):
        for kind in kinds:
            line = {"pair": " to ".join(names), "law": kind, "cost": 1.0, "exact": 1.0}
            yield {**line, "error": 0.01, "seconds": 1.0}, np.zeros((1, 2, 2))

    monkeypatch.setattr(bench, "evaluate_pair", evaluate)
    few = bench.bench_transport2d(["gaussian", "moons", "circles"])
    assert list(few.frame["pair"].unique()) == [
        "circles to moons",
        "circles to gaussian",
        "moons to gaussian",
    ]
    assert few.claims == ()
    (claim,) = bench.bench_transport2d(quick=True).claims
    assert claim.passed


@pytest.mark.slow
def test_the_benchmark_runs_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "QUICK", TINY)
    monkeypatch.setattr(bench, "QUICK_PAIRS", (("8gaussians", "gaussian"),))
    found = bench.bench_transport2d(quick=True)
    assert list(found.frame["law"]) == [bench.DEFAULT, bench.SUBHARMONIC]
    assert np.isfinite(found.frame["exact"]).all()
    found.draw(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000


@pytest.mark.slow
def test_the_cost_between_gaussians_is_near():
    settings = dataclasses.replace(bench.QUICK, stages=((400, 0.2), (400, 0.02)))
    ((line, _),) = bench.evaluate_pair(("8gaussians", "gaussian"), (bench.DEFAULT,), settings, 0)
    assert line["error"] < 0.1
    assert line["failed"] == 0


@pytest.mark.parametrize("settings", [bench.QUICK, bench.FULL])
def test_costs_are_evaluated_on_enough_samples(settings):
    assert settings.samples == 5000
    assert 1000 <= settings.subharmonic_samples <= settings.samples

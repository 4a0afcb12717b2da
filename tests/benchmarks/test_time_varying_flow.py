"""The flow that is simulated, against linear fields, whose densities are Gaussian, and integrals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import multivariate_normal

import conservax
from benchmarks.papers._fit_flow import event_rows, flow_nll
from benchmarks.papers._time_varying_flow import START, FlowField, FlowLikelihood, TimeVaryingFlow
from conservax.data import EventSplit
from conservax.data.table._events import Events
from conservax.models import Autoregressive
from conservax.objective import Rows
from conservax.train import Training

MATRIX = np.array([[0.5, -1.2], [0.7, 0.3]])
TIMES = jnp.array([0.0, 0.3, 1.0, 1.0])
POINTS = jnp.array([[0.2, -0.7], [1.5, 0.4], [-2.0, 1.0], [0.0, 0.0]])


class Shearing(eqx.Module):
    """dx/ds = cos(s) MATRIX x."""

    def __call__(self, s, x):
        return jnp.cos(s) * (jnp.asarray(MATRIX, x.dtype) @ x)


def learned(scale=20.0):
    """A field strong enough to bend a Gaussian."""
    field = FlowField(2, width=16, depth=2, harmonics=1, key=jax.random.key(3))
    return TimeVaryingFlow(
        eqx.tree_at(
            lambda f: f.network.layers[-1].weight, field, scale * field.network.layers[-1].weight
        )
    )


@eqx.filter_jit
def log_prob(flow, t, x):
    return flow.log_prob(t, x)


def test_a_linear_field_carries_a_gaussian_to_a_gaussian():
    got = log_prob(TimeVaryingFlow(Shearing()), TIMES, POINTS)
    for t, x, value in zip(TIMES, POINTS, got, strict=True):
        carried = expm(MATRIX * (np.sin(t) - np.sin(START)))
        expected = multivariate_normal(np.zeros(2), carried @ carried.T).logpdf(x)
        assert value == pytest.approx(expected, abs=1e-4)  # ten times the error allowed a step


@pytest.mark.parametrize("t", [0.0, 0.4, 1.0])
def test_mass_is_one(t):
    ends, side = 12.0, 161
    line = jnp.linspace(-ends, ends, side)
    grid = jnp.stack(jnp.meshgrid(line, line), axis=-1).reshape(-1, 2)
    flow = learned()
    density = jnp.exp(log_prob(flow, jnp.full(len(grid), t), grid))
    assert float(density.sum()) * (2 * ends / (side - 1)) ** 2 == pytest.approx(1, abs=1e-3)
    gaussian = multivariate_normal(np.zeros(2)).pdf(grid)
    assert np.abs(density - gaussian).max() > 0.05  # bent, or the integral says little


def test_the_gradient_is_that_of_the_likelihood():
    rows = Rows(TIMES, POINTS)
    objective = FlowLikelihood(1e-8)
    params, rest = eqx.partition(learned(), eqx.is_inexact_array)

    @jax.jit
    @jax.value_and_grad
    def loss(params):
        return objective(jax.random.key(0), eqx.combine(params, rest), rows)

    way = jax.tree.map(lambda leaf: jnp.cos(jnp.arange(leaf.size)).reshape(leaf.shape), params)
    moved = [loss(jax.tree.map(lambda p, w, e=e: p + e * w, params, way))[0] for e in (1e-5, -1e-5)]
    slope = jax.tree.reduce(jnp.add, jax.tree.map(lambda g, w: (g * w).sum(), loss(params)[1], way))
    assert float(slope) == pytest.approx(float(moved[0] - moved[1]) / 2e-5, rel=1e-4)
    assert abs(float(slope)) > 1e-3


def test_rows_do_not_look_at_one_another():
    flow = learned()
    far = POINTS.at[1].set(jnp.array([30.0, -20.0]))
    together, with_far = log_prob(flow, TIMES, POINTS), log_prob(flow, TIMES, far)
    np.testing.assert_allclose(np.delete(together, 1), np.delete(with_far, 1), atol=1e-4)


def test_the_judgement_is_the_mean_over_all_rows(monkeypatch):
    monkeypatch.setattr("benchmarks.papers._fit_flow.ROWS_AT_ONCE", 2)
    flow = learned()
    expected = -float(log_prob(flow, TIMES, POINTS).mean())
    assert flow_nll(flow, Rows(TIMES, POINTS)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_rows_are_those_of_our_models():
    rng = np.random.default_rng(0)

    def part(count):
        t = np.sort(rng.uniform(0, 30, (count, 5)), axis=1).ravel()
        x = rng.normal([2, -1], [3, 0.5], (len(t), 2))
        which = np.repeat(np.arange(count), 5)
        names = (("a", "b"), "t", "number", "made up")
        return Events(t, x, which, np.arange(float(count)), 30.0, *names, sequence_name="window")

    split = EventSplit(part(20), part(6), part(6))
    rows = event_rows(split)
    small = Autoregressive(width=8, depth=1, components=2)
    model = conservax.fit(split, model=small, training=Training(steps=1, progress=False))
    assert model.split is not None
    for ours, theirs in ((rows.train, "train"), (rows.validation, "validation")):
        expected = model.rows(getattr(model.split, theirs))
        np.testing.assert_allclose(ours.t, expected.t, rtol=1e-6)
        np.testing.assert_allclose(ours.x, expected.x, rtol=1e-5)
    assert rows.units.log_volume == model.units.log_volume

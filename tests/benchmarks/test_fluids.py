"""Fluids on the torus and in the ball: starts, references, and errors that are known."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.data_folder import data_folder, stored_arrays
from benchmarks.papers import _ball_fluid as ball
from benchmarks.papers import _fluids as fluids
from benchmarks.papers import _torus_euler as torus
from benchmarks.papers._fluid_models import CurlFluid
from benchmarks.papers._particles import advect
from benchmarks.papers._spectral_euler import spectral_euler
from conservax.data import DataError
from conservax.field import Ball, Torus
from conservax.objective import CollocationPoints

KEY = jax.random.key(0)
SPIN = 1.7
TINY_TORUS = dataclasses.replace(torus.QUICK, steps=2, points=16, width=4, depth=1)
TINY_BALL = dataclasses.replace(ball.QUICK, steps=2, points=16, width=4, depth=1)

needs_reference = pytest.mark.skipif(
    not (data_folder() / "euler_torus_fem/euler_t2_fem.npz").is_file(),
    reason="the reference is not part of the package",
)


def sheared(t, x):
    """A density that a shear flow of the torus carries along."""
    speed = jnp.sin(2 * np.pi * x[1])
    rho = 2 + jnp.cos(2 * np.pi * (x[0] - speed * t))
    return jnp.array([rho, rho * speed, 0.0, 0.0])


def spinning(t, x):
    """A rigid rotation about the third axis, of a density that goes round with it."""
    sine, cosine = jnp.sin(SPIN * t), jnp.cos(SPIN * t)
    rho = 1 + 0.4 * (cosine * x[0] + sine * x[1])
    return jnp.array([rho, -rho * SPIN * x[1], rho * SPIN * x[0], 0.0, 0.0])


def known(fluid):
    """A reference that is this fluid."""
    axis = np.arange(20) / 20
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    values = np.stack([torus.values_at(fluid, t, nodes) for t in torus.TIMES])
    return torus.Reference(nodes, values[..., 0], values[..., 1:])


@pytest.mark.parametrize("start", [torus.torus_start, ball.ball_start], ids=["torus", "ball"])
def test_the_velocity_at_the_start_keeps_volume(start):
    domain, dim = (torus.TORUS, 2) if start is torus.torus_start else (ball.BALL, 3)
    x = CollocationPoints(domain, dim, 20)(KEY)[1]
    slopes = jax.vmap(jax.jacfwd(lambda x: start(x)[1:] / start(x)[0]))(x)
    np.testing.assert_allclose(np.trace(slopes, axis1=1, axis2=2), 0, atol=1e-13)


def test_the_mean_density_is_that_of_the_start():
    x = CollocationPoints(torus.TORUS, 2, 40_000)(KEY)[1]
    assert jnp.mean(jax.vmap(torus.torus_start)(x)[:, 0]) == pytest.approx(torus.MEAN, rel=0.02)
    x = CollocationPoints(ball.BALL, 3, 40_000)(KEY)[1]
    assert jnp.mean(jax.vmap(ball.ball_density)(x)) == pytest.approx(ball.MEAN, rel=0.02)


@needs_reference
def test_the_reference_begins_at_the_start():
    reference = torus.read_reference()
    assert reference.nodes.shape == (10_000, 2)
    # Rows of equal y, as pictures are drawn.
    np.testing.assert_allclose(reference.nodes[:3], [[0, 0], [0.01, 0], [0.02, 0]], atol=1e-6)
    start = np.asarray(jax.vmap(torus.torus_start)(jnp.asarray(reference.nodes, float)))
    # What moves in a thousandth of a unit of time, and the error of elements.
    np.testing.assert_allclose(reference.density[0], start[:, 0], atol=0.02)
    np.testing.assert_allclose(reference.velocity[0], start[:, 1:] / start[:, :1], atol=0.03)
    np.testing.assert_allclose(reference.density.mean(axis=1), torus.MEAN, rtol=1e-4)


@needs_reference
def test_the_reference_moves_the_density_of_its_file():
    """div(grad p / rho) = - div(u . grad u), by Fourier series, at the first time."""
    reference = torus.read_reference()
    held = stored_arrays("fluids", torus.ORIGIN, "euler_torus_fem/euler_t2_fem.npz")
    order = np.lexsort(np.round(held["xy"].T * 200)).reshape(201, 201)[:-1:2, :-1:2]
    pressure = held["p_n_0.001"][order].astype(float)
    u = reference.velocity[0].reshape(100, 100, 2).astype(float)
    waves = np.fft.fftfreq(100, 0.01)
    waves = np.where(np.abs(waves) < 25, waves, 0)

    def slope(values, i):
        along = waves[None] if i == 0 else waves[:, None]  # rows are of equal y
        return np.fft.ifft2(np.fft.fft2(values) * 2j * np.pi * along).real

    carried = [sum(u[..., j] * slope(u[..., i], j) for j in (0, 1)) for i in (0, 1)]
    needed = -slope(carried[0], 0) - slope(carried[1], 1)

    def left(rho):
        force = sum(slope(slope(pressure, i) / rho.reshape(100, 100), i) for i in (0, 1))
        return np.linalg.norm(force - needed) / np.linalg.norm(needed)

    assert left(reference.density[0].astype(float)) < 0.02
    assert left(torus.shown(reference.density[0].astype(float))) > 0.4


def test_a_missing_reference_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSERVAX_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"euler_t2_fem.npz: expected the data of .*'fluids'"):
        torus.read_reference()


def truth_of(fluid, nodes):
    return np.stack([torus.values_at(fluid, t, nodes) for t in torus.TIMES])


def test_errors_of_the_truth_are_zero_and_others_known():
    reference = known(sheared)
    truth = truth_of(sheared, reference.nodes)
    # rho = 2 + cos of mean square 4.5, and 6 rho - 5 = 7 + 6 cos of mean square 67
    shown_change = lambda t: t * np.sqrt(36 * 4.5 / 67)  # noqa: E731
    for line in torus.torus_errors(sheared, reference, truth):
        assert line["density"] == line["velocity"] == 0
        assert line["true density"] == line["true velocity"] == 0
        assert line["mass change"] < 1e-12
    heavier = lambda t, x: sheared(t, x) * (1 + t)  # noqa: E731
    for line in torus.torus_errors(heavier, reference, truth_of(heavier, reference.nodes)):
        assert line["density"] == pytest.approx(shown_change(line["t"]), rel=1e-9)
        assert line["mass change"] == pytest.approx(line["t"], rel=1e-9)
        assert line["velocity"] < 1e-12
        assert line["true density"] == 0
    for line in torus.errors_of_elements(reference, truth_of(heavier, reference.nodes)):
        # relative to the truth, which is (1 + t) rho here
        scale = np.sqrt(67 + 2 * 102 * line["t"] + 162 * line["t"] ** 2)
        assert line["true density"] == pytest.approx(line["t"] * np.sqrt(162) / scale, rel=1e-9)
        assert line["true velocity"] < 1e-12


def begun(fluid):
    """Initial condition of a fluid for the series: x -> (rho, u), a row per node."""

    def start(x):
        return torus.values_at(fluid, 0.0, x)

    return start


def whirling(t, x):
    """A Taylor-Green vortex that drifts along, through a fluid of one density."""
    drift = jnp.array([0.6, -0.3])
    y = 2 * np.pi * (x - drift * t)
    u = drift + jnp.array([jnp.sin(y[0]) * jnp.cos(y[1]), -jnp.cos(y[0]) * jnp.sin(y[1])])
    return jnp.concatenate([jnp.array([2.0]), 2.0 * u, jnp.zeros(1)])


@pytest.mark.parametrize("fluid", [sheared, whirling])
def test_the_series_follow_known_fluids(fluid):
    times, side = (0.1, 0.3), 32
    axis = np.arange(side) / side
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    found = spectral_euler(begun(fluid), side, times)
    truth = np.stack([torus.values_at(fluid, t, nodes) for t in times])
    assert np.abs(truth[1] - truth[0]).max() > 0.3
    np.testing.assert_allclose(found, truth, atol=2e-4)


def test_the_series_keep_mass_energy_and_volume_where_density_varies():
    side, times = 48, (0.05, 0.2)
    found = spectral_euler(begun(lambda t, x: jnp.append(torus.torus_start(x), 0.0)), side, times)
    rho, u = found[..., 0], found[..., 1:]
    np.testing.assert_allclose(rho.mean(axis=1), torus.MEAN, rtol=1e-9)
    energy = np.mean(rho * np.sum(u**2, axis=-1), axis=1) / 2
    # The integral of rho |u|^2 / 2 at the start, on a finer grid.
    axis = np.arange(200) / 200
    x = jnp.asarray(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    start = np.asarray(jax.vmap(torus.torus_start)(x))
    begun_with = np.mean(np.sum(start[:, 1:] ** 2, axis=1) / start[:, 0]) / 2
    np.testing.assert_allclose(energy, begun_with, rtol=1e-5)
    momentum = np.mean(rho[..., None] * u, axis=1)
    np.testing.assert_allclose(momentum, start[:, 1:].mean(axis=0)[None].repeat(2, 0), rtol=1e-4)


@needs_reference
def test_the_finite_elements_and_the_series_agree():
    """Two methods that share nothing: what is between them is the error of the coarser one."""
    reference = torus.read_reference()
    lines = torus.errors_of_elements(reference, torus.true_solution(reference.nodes))
    assert max(line["true velocity"] for line in lines) < 0.015
    assert [line["true density"] for line in lines] == sorted(
        line["true density"] for line in lines
    )
    assert lines[0]["true density"] < 0.01
    assert lines[-1]["true density"] < 0.06


def test_claims_compare_with_the_better_of_the_others():
    errors = {torus.OURS: 0.1, torus.PINN: 0.2, torus.CURL: 0.4}
    lines = [
        {
            "model": model,
            "start": start,
            "t": t,
            "density": error * factor,
            "velocity": 0.08 / error * factor * (1 + t),
            "mass change": error,
        }
        for model, error in errors.items()
        for start, factor in ((torus.HELD, 1.0), (torus.IN_LOSS, 3.0))
        for t in torus.TIMES
    ]
    lines.append({"model": torus.ELEMENTS, "t": torus.TIMES[0]})
    *claims, mass = torus.torus_claims(lines)
    # ours held over the others in the loss, held over held, in the loss over in the loss: density, then velocity
    found = [claim.value for claim in claims]
    np.testing.assert_allclose(found, [0.5 / 3, 0.5, 0.5, 4 / 3, 4, 4])
    assert [claim.passed for claim in claims] == [True] * 3 + [False] * 3
    assert mass.value == pytest.approx(0.1)


def test_one_late_time_decides_a_claim():
    lines = [
        {"model": model, "start": start, "t": t, "density": 1.0, "velocity": 1.0, "mass change": 0}
        for model in torus.MODELS
        for start in (torus.HELD, torus.IN_LOSS)
        for t in torus.TIMES
    ]
    (late,) = (
        line
        for line in lines
        if (line["model"], line["start"], line["t"]) == (torus.OURS, torus.HELD, torus.TIMES[-1])
    )
    late["density"] = 1.5
    assert [claim.value for claim in torus.torus_claims(lines)[:3]] == [1.5, 1.5, 1.0]


@pytest.mark.parametrize("model", torus.MODELS.values())
def test_a_start_that_is_held_is_there_whatever_the_parameters(model):
    size = {"width": 8, "depth": 1, "max_frequency": 1.0, "background": 2.0}
    held = {"initial_condition": torus.torus_start, "relaxation_time": 0.3}
    fluid = model(2, torus.TORUS, **held, **size, key=KEY)
    x = CollocationPoints(torus.TORUS, 2, 10)(KEY)[1]
    values = jax.jit(jax.vmap(lambda t, x: fluid(t, x)[:-1], in_axes=(None, 0)))
    np.testing.assert_allclose(values(jnp.zeros(()), x), jax.vmap(torus.torus_start)(x), atol=1e-12)
    assert np.abs(values(jnp.array(0.2), x) - values(jnp.zeros(()), x)).max() > 1e-2


@pytest.mark.parametrize("dim", [2, 3])
def test_the_curl_of_a_potential_keeps_volume(dim):
    fluid = CurlFluid(dim, Torus(1.0), background=2.0, width=8, depth=1, max_frequency=1.0, key=KEY)
    t, x = CollocationPoints(Torus(1.0), dim, 5)(KEY)

    def velocity(t, x):
        values = fluid(t, x)
        return values[1:-1] / values[0]

    slopes = jax.jit(jax.vmap(jax.jacfwd(velocity, argnums=1)))(t, x)
    assert np.max(np.abs(slopes)) > 1e-3
    np.testing.assert_allclose(np.trace(slopes, axis1=1, axis2=2), 0, atol=1e-12)


def test_particles_follow_a_rotation_and_keep_their_density():
    x = CollocationPoints(Ball(1.0), 3, 30)(KEY)[1]
    particles = advect(spinning, x, ball.TIMES)
    for n, t in enumerate(ball.TIMES):
        sine, cosine = np.sin(SPIN * t), np.cos(SPIN * t)
        turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
        np.testing.assert_allclose(particles.x[:, n], np.asarray(x) @ turn.T, atol=1e-4)
    assert max(line["density"] for line in ball.ball_errors(particles)[1:]) < 1e-4


def test_a_density_that_stays_behind_its_particles_is_seen():
    still = lambda t, x: spinning(0.0 * t, x)  # noqa: E731
    lines = ball.ball_errors(
        advect(still, CollocationPoints(Ball(1.0), 3, 200)(KEY)[1], ball.TIMES)
    )
    assert [line["density"] for line in lines[1:]] == sorted(line["density"] for line in lines[1:])
    assert lines[-1]["density"] > 0.05


@pytest.mark.slow
@needs_reference
def test_the_benchmark_runs_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(torus, "QUICK", TINY_TORUS)
    monkeypatch.setattr(ball, "QUICK", TINY_BALL)
    found = fluids.bench_fluids(quick=True)
    assert len(found.frame) == 7 * len(torus.TIMES) + len(ball.TIMES)
    ours = found.frame[found.frame["model"] == torus.OURS]
    assert ours["mass change"].max() < 1e-9  # whatever the parameters
    found.draw(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000

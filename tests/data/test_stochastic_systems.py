"""Known equations: their deterministic limit by another solver, their noise by closed forms."""

import diffrax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.data import DataError, by_time, lotka_volterra, repressilator
from conservax.data.sets._stochastic_systems import _advance, _prey_and_predators, _repression
from conservax.data.table._table import Table


def prey(t, x, _):
    return jnp.array([x[0] - 0.4 * x[0] * x[1], 0.1 * x[0] * x[1] - 0.4 * x[1]])


def genes(t, x, _):
    return jnp.array([10 / (1 + x[i - 1] ** 3) - x[i] for i in range(3)])


SYSTEMS = pytest.mark.parametrize(
    ("generate", "field", "start"),
    [(lotka_volterra, prey, (5.0, 4.0)), (repressilator, genes, (1.0, 1.0, 2.0))],
)


def exact(field, x, t):
    """By adaptive steps of order 8, in double precision."""
    return diffrax.diffeqsolve(
        diffrax.ODETerm(field),
        diffrax.Dopri8(),
        0.0,
        t,
        None,
        jnp.asarray(x),
        stepsize_controller=diffrax.PIDController(rtol=1e-10, atol=1e-10),
    ).ys[0]


@SYSTEMS
def test_without_noise_they_solve_the_ode(generate, field, start):
    cells = 3
    t, x = generate(np.random.default_rng(0), cells, (0.0, 2.0, 7.0), noise=0.0)
    first = np.asarray(start) + np.random.default_rng(0).uniform(0, 0.1, (9, len(start)))
    np.testing.assert_array_equal(t, np.repeat([0.0, 2.0, 7.0], cells))
    np.testing.assert_allclose(x[:cells], first[:cells], rtol=1e-12)
    for row in (3, 4, 6, 7):
        np.testing.assert_allclose(x[row], exact(field, first[row], t[row]), rtol=2e-3)


@SYSTEMS
def test_halving_the_step_changes_a_path_little(generate, field, start):
    """The same Brownian path in steps of 0.01, of half and a quarter of that: strong order one."""
    del generate, field
    growth = _prey_and_predators if len(start) == 2 else _repression
    fine = np.sqrt(0.0025) * np.random.default_rng(1).normal(size=(2000, 50, len(start)))
    ends = []
    for merged in (4, 2, 1):
        y = np.log(np.tile(start, (50, 1)))
        for shake in fine.reshape(-1, merged, 50, len(start)).sum(1):
            y = _advance(growth, y, shake, 0.02, 0.0025 * merged)
        ends.append(y)
    coarse, half = (np.sqrt(np.mean((ends[i] - ends[i + 1]) ** 2)) for i in (0, 1))
    assert coarse < 1e-3  # of noise that has come to 0.02 sqrt(5) = 0.045
    assert half < 0.65 * coarse


def test_the_noise_is_that_of_the_equation_of_ito():
    """With a growth g that does not change, x is a geometric Brownian motion: mean exp(g t)."""
    rng, y = np.random.default_rng(2), np.zeros((200_000, 1))
    for _ in range(4):
        y = _advance(lambda x: np.full_like(x, 0.3), y, 0.5 * rng.normal(size=y.shape), 0.6, 0.25)
    x = np.exp(y)
    assert y.std() == pytest.approx(0.6, rel=0.01)
    assert x.mean() == pytest.approx(np.exp(0.3), rel=0.01)


@SYSTEMS
def test_snapshots_are_of_other_individuals(generate, field, start):
    del field, start
    t, x = generate(np.random.default_rng(3), 50, (0.0, 0.0, 1.0))
    assert t.shape == (150,)
    assert (x > 0).all()
    assert np.abs(x[:50] - x[50:100]).min() > 0
    again = generate(np.random.default_rng(3), 50, (0.0, 0.0, 1.0))[1]
    np.testing.assert_array_equal(x, again)


def test_bad_times_cells_and_steps_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="expected times from 0 on"):
        lotka_volterra(rng, 5, (1.0, 0.5))
    with pytest.raises(ValueError, match="expected times from 0 on"):
        repressilator(rng, 5, (-1.0,))
    with pytest.raises(ValueError, match="expected at least one cell"):
        lotka_volterra(rng, 0)
    with pytest.raises(ValueError, match="a step above 0"):
        lotka_volterra(rng, 5, step=0.0)


def test_rows_of_a_time_are_a_snapshot():
    t, x = lotka_volterra(np.random.default_rng(0), 4, (0.0, 1.0))
    snapshots = by_time(Table(t, x, ("prey", "predators"), "t", "number", "here"))
    assert list(snapshots) == [0.0, 1.0]
    np.testing.assert_array_equal(snapshots[1.0], x[4:])


def test_events_are_not_snapshots():
    t = np.linspace(0, 1, 300)
    with pytest.raises(DataError, match="at most 50 different times; got 300"):
        by_time(Table(t, t[:, None], ("x",), "t", "number", "here"))

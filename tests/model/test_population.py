"""A model as a population for snapshots: its transport methods agree, in the units of the table."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax.data import DataError, Split, Table, TimeAxis, Units
from conservax.density import AbstractDensity, Gaussian
from conservax.field import MatrixField
from conservax.fitting import Model
from conservax.flux import AbstractFlux, FactorizedFlux, KnotheRosenblatt
from conservax.law import ConservationLaw
from oracles import moving_logistic

SPEED = np.array([2.0, -1.0])  # standard deviations over the time range
STD = np.array([10.0, 0.5])
DAY = 86400.0


def model(kind="number", field=None, diffusion=0.0, parts=None):
    """Two logistics that drift at constant speed, over the times 3 to 7 or over four days."""
    density = moving_logistic([0.0, 0.0], SPEED, [-0.5, -0.5], [0.0, 0.0])
    law = ConservationLaw(density, FactorizedFlux(), field, diffusion)
    unit = DAY if kind == "timestamp" else 1.0
    axis = TimeAxis("t", kind, 3 * unit, 7 * unit)
    units = Units(axis, ("a", "b"), (100.0, 0.0), tuple(STD))
    return Model(law, units, split=parts)


class Torn(AbstractFlux):
    """Speed 1, and beyond 50 none that is a number."""

    needs: ClassVar[type[AbstractDensity]] = AbstractDensity

    def velocity(self, density, t, x, condition=None):
        return jnp.where(x > 50, jnp.nan, 1.0)

    def flux(self, density, t, x, condition=None):
        return jnp.exp(density.log_prob(t, x, condition)) * self.velocity(density, t, x)


@pytest.mark.parametrize("kind", ["number", "timestamp"])
def test_all_methods_shift_cells_at_the_speed_of_the_law(kind):
    unit = DAY if kind == "timestamp" else 1.0
    population = model(kind).population()
    x = population.sample(np.full(30, 4 * unit), 0)
    assert list(population.methods) == ["flow map", "ODE"]
    for method in population.methods.values():
        moved = method.transport(x, 4 * unit, 6 * unit, 0)
        np.testing.assert_allclose((moved - x) / STD, np.tile(SPEED / 2, (30, 1)), atol=1e-5)
        assert not method.random
    velocity = population.velocity(np.full(30, 5 * unit), x)
    np.testing.assert_allclose(velocity / STD, np.tile(SPEED / (4 * unit), (30, 1)), rtol=1e-6)


def test_laws_without_a_map_have_the_ode_and_laws_with_diffusion_the_sde():
    field = MatrixField(2, width=8, depth=1, key=jax.random.key(0))
    assert list(model(field=field).population().methods) == ["ODE"]
    shaken = model(diffusion=0.3).population()
    assert list(shaken.methods) == ["flow map", "ODE", "SDE"]
    method = shaken.methods["SDE"]
    x = shaken.sample(np.full(5, 3.0), 0)
    assert method.random
    assert np.abs(method.transport(x, 3.0, 5.0, 0) - method.transport(x, 3.0, 5.0, 1)).min() > 0


def test_a_cell_whose_path_fails_is_nowhere():
    density = Gaussian(1, lambda t: jnp.sin(400 * t)[None], lambda t: jnp.ones(1))
    law = ConservationLaw(density, KnotheRosenblatt())
    units = Units(TimeAxis("t", "number", 0.0, 1.0), ("a",), (0.0,), (1.0,))
    fast = Model(law, units)
    fast._cast = lambda values: np.asarray(values, float)  # a law without parameters
    methods = fast.population(max_steps=3).methods
    assert not np.isfinite(methods["ODE"].transport(np.zeros((2, 1)), 0.0, 1.0, 0)).any()


def test_rows_whose_path_fails_are_named():
    """Far out the velocity is not finite."""
    density = Gaussian(1, lambda t: jnp.zeros(1), lambda t: jnp.ones(1))
    law = ConservationLaw(density, Torn())
    torn = Model(law, Units(TimeAxis("t", "number", 0.0, 1.0), ("a",), (0.0,), (1.0,)))
    torn._cast = lambda values: np.asarray(values, float)
    np.testing.assert_allclose(torn.transport([0.0, 1.0], 0.0, 1.0), [[1.0], [2.0]], atol=1e-6)
    with pytest.raises(FloatingPointError, match="none for 2 of 4, the first in row 1"):
        torn.transport([0.0, 60.0, 1.0, 70.0], 0.0, 1.0)
    with pytest.raises(FloatingPointError, match="in row 0"):
        torn.transport_with_growth([60.0], 1.0, 0.0)


def snapshots(seed, rows, kind="number"):
    """Exact draws of the law at three times, as a table."""
    drawn = model(kind)
    unit = DAY if kind == "timestamp" else 1.0
    t = np.repeat([3.0, 5.0, 7.0], rows)
    x = drawn.sample(drawn.units.time.to_column(t * unit), seed=seed)
    return Table(t * unit, x, ("a", "b"), "t", kind, "draws")


@pytest.mark.parametrize("kind", ["number", "timestamp"])
def test_cells_of_the_law_are_at_the_floor_in_any_unit(kind):
    found = model(kind).snapshot_distances(
        snapshots(1, 100, kind), snapshots(2, 100, kind), repeats=5
    )
    for method in ("direct", "flow map", "ODE"):
        lines = found[(found["method"] == method)]
        assert lines["excess_w2"].abs().mean() < 0.25
        assert lines["excess_w1"].abs().mean() < 0.25
    moved = found[found["method"] == "flow map"]
    np.testing.assert_allclose(moved["displacement"], np.sum((SPEED / 2) ** 2), rtol=1e-5)
    np.testing.assert_allclose(moved["energy"], np.sum((SPEED / 2) ** 2), rtol=1e-5)
    np.testing.assert_allclose(moved["least"], moved["displacement"], rtol=1e-5)


def test_distances_are_in_standard_deviations_or_in_the_units_of_the_data():
    table = snapshots(1, 50)
    raw = model().snapshot_distances(table, repeats=2, standardised=False)
    moved = raw[raw["method"] == "flow map"]
    np.testing.assert_allclose(moved["displacement"], np.sum((STD * SPEED / 2) ** 2), rtol=1e-5)


def test_by_default_test_rows_evaluate_and_all_others_make_the_floor():
    parts = Split(snapshots(1, 40), snapshots(2, 20), snapshots(3, 30))
    found = model(parts=parts).snapshot_distances(repeats=2)
    direct = found[found["method"] == "direct"]
    assert (direct["cells"] == 30).all()
    assert direct["floor_w2"].notna().all()
    assert (found[found["method"] == "other real cells"]["samples"] == 30).all()


def test_without_held_out_rows_it_raises():
    with pytest.raises(DataError, match="expected held-out rows"):
        model().snapshot_distances()

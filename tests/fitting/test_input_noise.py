"""Input noise that is chosen from the rows."""

import numpy as np
import pytest

from conservax.data import Units, read_table, split
from conservax.fitting import input_noise


def test_input_noise_shrinks_with_rows_and_spares_snapshots():
    def of(n, snapshots):
        rng = np.random.default_rng(0)
        t = rng.integers(0, 4, n).astype(float) if snapshots else rng.uniform(size=n)
        rows = read_table((t, rng.normal(size=(n, 2))))
        parts = split(rows, validation=0.2, seed=0)
        return input_noise(parts, Units.of(parts.train))

    few, many = of(300, False), of(30_000, False)
    assert 0 < many[0] < 0.5 * few[0]
    assert 0 < many[1] < few[1] <= 0.3
    assert of(300, True)[1] == 0


def test_noise_of_snapshots_is_in_units_of_each_and_a_fraction_of_it():
    def of(apart, fraction=1.0):
        rng = np.random.default_rng(0)
        t = np.repeat(np.arange(4.0), 100)
        x = rng.normal(size=(400, 2)) * (1 + t[:, None]) + apart * t[:, None]
        parts = split(read_table((t, x)), validation=0.2, seed=0)
        return input_noise(parts, Units.of(parts.train), fraction=fraction)[0]

    assert of(0) > 0
    assert of(100) == pytest.approx(of(0))  # the distance between snapshots is not a spread
    assert of(0, fraction=0.5) == pytest.approx(of(0) / 2)


@pytest.mark.parametrize("kind", ["snapshots", "times"])
def test_without_validation_rows_it_is_about_what_it_is_with_them(kind):
    """Of the same rows, but for a tenth; not none, with which training would learn rows by heart."""
    rng = np.random.default_rng(0)
    t = np.repeat(np.arange(4.0), 1000) if kind == "snapshots" else rng.uniform(size=4000)
    table = read_table((t, rng.normal(size=(4000, 2))))
    units = Units.of(table)
    alone = input_noise(split(table, validation=0.0, seed=0), units)
    beside = input_noise(split(table, validation=0.1, seed=1), units)
    assert (alone[1] == beside[1] == 0) == (kind == "snapshots")
    for own, other in zip(alone, beside, strict=True):
        assert other / 2 <= own <= 2 * other
    assert alone[0] > 0


@pytest.mark.parametrize("count", [2, 3, 19])
def test_few_rows_of_which_none_are_held_out_have_none(count):
    rng = np.random.default_rng(0)
    table = read_table((np.linspace(0, 1, count), rng.normal(size=(count, 2))))
    assert input_noise(split(table, validation=0.0, seed=0), Units.of(table)) == (0, 0)

"""Displacement interpolation where the optimal coupling is known."""

import numpy as np
import pytest

from conservax.baseline import DisplacementInterpolation
from conservax.baseline._displacement import couple

RNG = np.random.default_rng(0)
CELLS = RNG.normal(size=(60, 2))
SHIFT = np.array([3.0, -1.0])


def ordered(rows):
    return rows[np.lexsort(rows.T)]


def test_a_shifted_snapshot_moves_along_the_shift():
    """A translation is the optimal coupling, so that the cells of time t are the shifted ones."""
    lines = DisplacementInterpolation({0.0: CELLS, 2.0: RNG.permutation(CELLS) + SHIFT})
    for t in (0.0, 0.5, 1.9, 2.0):
        found = lines.sample(np.random.default_rng(1), np.full(60, t))
        np.testing.assert_allclose(ordered(found), ordered(CELLS + SHIFT * t / 2), atol=1e-12)


def test_cells_are_transported_along_the_shift_through_snapshots():
    lines = DisplacementInterpolation(
        {0.0: CELLS, 1.0: RNG.permutation(CELLS) + SHIFT, 2.0: CELLS - SHIFT}
    )
    rng = np.random.default_rng(1)
    np.testing.assert_allclose(lines.transport(rng, CELLS, 0.0, 0.25), CELLS + SHIFT / 4)
    np.testing.assert_allclose(lines.transport(rng, CELLS, 0.0, 1.5), CELLS, atol=1e-12)
    np.testing.assert_array_equal(lines.transport(rng, CELLS, 1.0, 1.0), CELLS)


def test_on_the_line_quantiles_are_coupled():
    here, there = RNG.normal(size=(50, 1)), RNG.gumbel(size=(100, 1))
    lines = DisplacementInterpolation({0.0: here, 1.0: there})
    found = lines.sample(np.random.default_rng(2), np.full(100, 0.3))
    expected = 0.7 * np.repeat(np.sort(here[:, 0]), 2) + 0.3 * np.sort(there[:, 0])
    np.testing.assert_allclose(np.sort(found[:, 0]), expected, rtol=1e-12)


def test_no_cell_comes_twice_before_all_came_once():
    lines = DisplacementInterpolation({0.0: CELLS, 1.0: CELLS})
    found = lines.sample(np.random.default_rng(3), np.zeros(45))
    assert len(np.unique(found, axis=0)) == 45


def test_times_outside_and_backwards_are_refused():
    lines, rng = DisplacementInterpolation({1.0: CELLS, 2.0: CELLS}), np.random.default_rng(0)
    with pytest.raises(ValueError, match="expected times from 1 on; got 0"):
        lines.sample(rng, [0.0])
    with pytest.raises(ValueError, match="expected times up to 2"):
        lines.sample(rng, [2.5])
    with pytest.raises(ValueError, match="expected end >= start"):
        lines.transport(rng, CELLS, 2.0, 1.0)
    with pytest.raises(ValueError, match="at least two snapshots"):
        DisplacementInterpolation({1.0: CELLS})


def test_a_penalty_at_which_nothing_keeps_its_mass_is_refused():
    """Far apart, with births and deaths that cost next to nothing."""
    with pytest.raises(ValueError, match="expected a mass_penalty at which cells keep some mass"):
        couple(np.random.default_rng(0), CELLS, CELLS + 100.0, mass_penalty=1e-3)

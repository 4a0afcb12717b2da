"""Pairs of coupled cells: of least squared length, as linear programming finds them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from conservax import DataError, HoldOut
from conservax.baseline import _displacement
from conservax.baseline._displacement import couple
from conservax.data import open_table, read_table
from conservax.fitting import _coupled_cells
from conservax.fitting._coupled_cells import CoupledCells
from conservax.fitting._dataset import dataset_of
from conservax.fitting._training_rows import training_rows, validation_rows
from conservax.objective import CoupledMatching


def cells(counts=(60, 60, 60), times=(0.0, 0.25, 1.0), dim=3):
    rng = np.random.default_rng(0)
    x = [rng.normal(2 * t, 1, (count, dim)) for t, count in zip(times, counts, strict=True)]
    return np.repeat(times, counts), np.concatenate(x)


def test_pairs_are_of_neighbours_in_proportion_to_the_time_between_them():
    t, x = cells()
    pair = CoupledCells(t, x).pairs(len(t))
    assert pair.shape == (180, 2, 4)
    spans, counts = np.unique(pair[..., 0], axis=0, return_counts=True)
    np.testing.assert_array_equal(spans, [[0, 0.25], [0.25, 1]])
    np.testing.assert_array_equal(counts, [45, 135])
    known = {(time, *point) for time, point in zip(t, x.tolist(), strict=True) for point in [point]}
    assert {tuple(row) for row in pair.reshape(-1, 4).tolist()} <= known


def test_their_squared_length_is_least():
    t, x = cells()
    pair = CoupledCells(t, x).pairs(len(t))
    later = pair[pair[:, 0, 0] == 0.25]
    cost = cdist(x[t == 0.25], x[t == 1.0], "sqeuclidean")
    least = cost[linear_sum_assignment(cost)].mean()
    found = np.sum((later[:, 1, 1:] - later[:, 0, 1:]) ** 2, axis=1)
    # 135 pairs of 60: each comes twice or three times.
    assert found.mean() == pytest.approx(least, rel=0.05)
    distinct = np.unique(later.reshape(len(later), -1), axis=0)
    assert len(distinct) == 60
    lengths = np.sum((distinct[:, 5:] - distinct[:, 1:4]) ** 2, axis=1)
    assert lengths.mean() == pytest.approx(least, rel=1e-9)


def test_large_snapshots_are_coupled_part_by_part(monkeypatch):
    monkeypatch.setattr("conservax.baseline._displacement.MOST_COUPLED", 50)
    t, x = cells((200, 400), (0.0, 1.0), 2)
    pair = CoupledCells(t, x).pairs(len(t))
    cost = cdist(np.repeat(x[t == 0], 2, axis=0), x[t == 1], "sqeuclidean")
    least = cost[linear_sum_assignment(cost)].mean()
    length = np.mean(np.sum((pair[:, 1, 1:] - pair[:, 0, 1:]) ** 2, axis=1))
    at_random = np.mean(cdist(x[t == 0], x[t == 1], "sqeuclidean"))
    assert 0.9 * least < length < 0.5 * least + 0.5 * at_random
    assert len(np.unique(pair[:, 1, 1:], axis=0)) == 400


@pytest.mark.parametrize("counts", [(25, 1000), (1000, 25), (60, 200)])
def test_a_small_snapshot_is_coupled_whole_with_each_part_of_a_large_one(monkeypatch, counts):
    monkeypatch.setattr("conservax.baseline._displacement.MOST_COUPLED", 100)
    t, x = cells(counts, (0.0, 1.0), 2)
    pair = CoupledCells(t, x).pairs(4000)
    for k in (0, 1):  # each cell as often as any other
        used = np.unique(pair[:, k, 1:], axis=0, return_counts=True)[1]
        assert len(used) == counts[k]
        assert used.max() <= 1.2 * used.min() + 2
    # Small snapshots, and each of their cells many times: the exact coupling of the same masses.
    many = [np.repeat(x[t == k], 1000 // count, axis=0) for k, count in enumerate(counts)]
    least = min(map(len, many))
    cost = cdist(many[0][:least], many[1][:least], "sqeuclidean")
    rows, columns = linear_sum_assignment(cost)
    length = np.mean(np.sum((pair[:, 1, 1:] - pair[:, 0, 1:]) ** 2, axis=1))
    assert length == pytest.approx(cost[rows, columns].mean(), rel=0.15)


def test_of_very_many_cells_some_are_coupled(monkeypatch):
    monkeypatch.setattr(_coupled_cells, "MOST_CELLS", 20)
    t, x = cells((200, 10), (0.0, 1.0), 2)
    pair = CoupledCells(t, x).pairs(500)
    assert [len(np.unique(pair[:, k, 1:], axis=0)) for k in (0, 1)] == [20, 10]


def test_where_masses_differ_groups_are_coupled_with_themselves():
    """Half of the cells are in a group that is four fifths of the next snapshot, as it divides."""
    rng = np.random.default_rng(1)
    side = np.repeat([-5.0, 5.0, -5.0, 5.0], [50, 50, 80, 20])
    x = np.column_stack([side, np.zeros(200)]) + 0.3 * rng.normal(size=(200, 2))
    t = np.repeat([0.0, 1.0], 100)

    def crossing(**options):
        pair = CoupledCells(t, x, **options).pairs(len(t))
        return np.mean(np.sign(pair[:, 0, 1]) != np.sign(pair[:, 1, 1]))

    assert crossing() == pytest.approx(0.3, abs=0.02)
    assert crossing(mass_penalty=5.0) == 0
    assert crossing(mass_penalty=1e5) == pytest.approx(0.3, abs=0.02)


def test_cells_of_one_snapshot_have_no_partners():
    with pytest.raises(DataError, match="expected 2 to 50 snapshots"):
        CoupledCells(np.zeros(9), np.zeros((9, 2)))


def test_held_out_rows_that_lack_a_snapshot_have_pairs_of_training():
    t, x = cells()
    whole = dataset_of(read_table((t, x)), HoldOut(), 0)
    train = whole.split.train
    few = whole.split._replace(validation=train.take(np.flatnonzero(train.t == 0.25)[:7]))
    rows = validation_rows(replace(whole, split=few), np.dtype(float), CoupledMatching())
    assert rows.pair.shape == (7, 2, 4)
    known = set(map(tuple, np.round(whole.units.standardise(train.x), 9).tolist()))
    assert {
        tuple(cell) for cell in np.round(rows.pair[..., 1:].reshape(-1, 3), 9).tolist()
    } <= known


def test_cells_are_coupled_once_for_all_shards(monkeypatch, tmp_path):
    """And each shard has pairs of its own, of the cells that are in memory."""
    monkeypatch.setattr("conservax.data.read._shards.SHARD_ROWS", 60)
    t, x = cells()
    path = tmp_path / "cells.parquet"
    pd.DataFrame({"t": t, **{f"x{k}": x[:, k] for k in range(3)}}).to_parquet(path)
    stream = open_table(path, time="t", columns=["x0", "x1", "x2"], memory_rows=100)
    dataset = dataset_of(stream, HoldOut(), 0)
    calls = []

    def counted(*args, **options):
        calls.append(args)
        return couple(*args, **options)

    monkeypatch.setattr(_displacement, "couple", counted)
    rows = training_rows(dataset, np.dtype(float), CoupledMatching())
    pairs = [rows(number).pair for number in range(3)]
    assert len(calls) == 2  # of the three snapshots
    assert all(len(pair) == len(rows(0).t) for pair in pairs)
    assert not np.array_equal(pairs[0], pairs[1])


def test_validation_rows_have_the_widths_of_their_snapshots():
    """Of normals of widths 1 and 3, as draws of them have."""
    rng = np.random.default_rng(2)
    t = np.repeat([0.0, 1.0], 2000)
    x = rng.normal(size=(4000, 2)) * np.where(t == 0, 1.0, 3.0)[:, None]
    dataset = dataset_of(read_table((t, x)), HoldOut(), 0)
    rows = validation_rows(dataset, np.dtype(float))
    widths = rows.spread * dataset.units.std
    for time, width in ((0.0, 1.0), (1.0, 3.0)):
        np.testing.assert_allclose(widths[rows.t == time], width, rtol=0.06)

import numpy as np
import pytest

from conservax.data import (
    DataError,
    Table,
    are_unequal_snapshots,
    leave_out,
    snapshot_weights,
)

UNEQUAL = np.repeat([0.0, 1.0, 4.0], [5, 100, 40])


def table(t, kind="number"):
    t = np.asarray(t, float)
    return Table(t, np.arange(len(t), dtype=float)[:, None], ("row",), "day", kind, "here")


@pytest.mark.parametrize("order", [np.arange(145), np.random.default_rng(0).permutation(145)])
def test_weights_make_a_mean_over_rows_one_over_snapshots(order):
    t, values = UNEQUAL[order], np.random.default_rng(1).normal(size=145)
    weight = snapshot_weights(t)
    assert weight.mean() == pytest.approx(1)
    by_snapshot = [values[t == time].mean() for time in (0, 1, 4)]
    assert (weight * values).mean() == pytest.approx(np.mean(by_snapshot))


def test_rows_of_equal_snapshots_weigh_one():
    np.testing.assert_allclose(snapshot_weights(np.repeat([3.0, 5.0], 7)), 1)


@pytest.mark.parametrize(
    ("t", "unequal"),
    [
        (UNEQUAL, True),
        (np.repeat([0.0, 1.0], 20), False),
        (np.repeat([0.0, 1.0], [4, 20]), False),  # too small to be a snapshot
        (np.repeat(np.arange(51.0), 5 + np.arange(51)), False),
        (np.array([]), False),
    ],
)
def test_snapshots_are_few_and_have_rows(t, unequal):
    assert are_unequal_snapshots(t) is unequal


@pytest.mark.parametrize("times", [1, [1], "1", ["1.0"], np.array([1])])
def test_a_time_is_left_out(times):
    kept, out = leave_out(table(UNEQUAL), times)
    assert set(kept.t) == {0, 4}
    np.testing.assert_array_equal(out.x[:, 0], np.arange(5, 105))


def test_several_times_or_none_are_left_out():
    kept, out = leave_out(table(UNEQUAL), [4, 0, 4])
    assert (set(kept.t), len(out)) == ({1}, 45)
    kept, out = leave_out(table(UNEQUAL), ())
    assert (len(kept), len(out)) == (145, 0)


def test_stamps_are_left_out():
    days = 1.7e9 // 86400 * 86400 + 86400 * UNEQUAL
    _, out = leave_out(table(days, "timestamp"), ["2023-11-15"])
    assert len(out) == 100


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (
            [2],
            "here, column 'day': expected times to leave out that rows have; got 2. There are 0, 1, 4",
        ),
        (["soon"], "expected a finite number; got 'soon'"),
        ([0, 1, 4], "expected times left to train on; got all 3 to leave out"),
    ],
)
def test_times_that_cannot_be_left_out_are_refused(times, words):
    with pytest.raises(DataError, match=words):
        leave_out(table(UNEQUAL), times)

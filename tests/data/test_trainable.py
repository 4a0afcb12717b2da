import numpy as np
import pytest

from conservax.data import DataError, Table, check_trainable

RNG = np.random.default_rng(0)


def table(t, x):
    return Table(np.asarray(t, float), x, ("lon", "lat"), "when", "number", "quakes.csv")


def test_an_ordinary_table_passes():
    check_trainable(table(np.arange(20), RNG.normal(size=(20, 2))))


def test_too_few_rows_are_refused():
    few = table(np.arange(19), RNG.normal(size=(19, 2)))
    check_trainable(few, minimum_rows=19)
    with pytest.raises(DataError, match=r"quakes.csv: expected at least 20 rows; got 19"):
        check_trainable(few)


def test_a_constant_column_is_named():
    x = RNG.normal(size=(20, 2))
    x[:, 1] = 0.1
    with pytest.raises(DataError, match=r"column 'lat': .*got 0.1 in every row.*[Ll]eave"):
        check_trainable(table(np.arange(20), x))


def test_a_single_time_is_refused():
    with pytest.raises(DataError, match="column 'when': expected at least two different times"):
        check_trainable(table(np.full(20, 3.0), RNG.normal(size=(20, 2))))


def test_a_snapshot_of_fewer_rows_than_coordinates_is_named():
    t = np.repeat([0, 1, 2], [30, 1, 30])
    with pytest.raises(
        DataError, match=r"'when': expected at least 2 rows at each time.*got 1 at 1"
    ):
        check_trainable(table(t, RNG.normal(size=(61, 2))))
    check_trainable(table(np.repeat([0, 1, 2], [30, 2, 30]), RNG.normal(size=(62, 2))))


def test_days_of_few_events_are_no_snapshots():
    t = np.repeat(np.arange(12), [1, 4, 2, 7, 1, 3, 9, 2, 5, 1, 6, 3])
    check_trainable(table(t, RNG.normal(size=(len(t), 2))))

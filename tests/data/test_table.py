import numpy as np
import pytest

from conservax.data import DataError, Table


def table(t, x):
    return Table(np.array(t, float), np.array(x, float), ("a", "b"), "t", "number", "here", ("n",))


def test_rows_are_taken_in_the_requested_order():
    whole = table([0, 1, 2], [[0, 0], [1, 10], [2, 20]])
    taken = whole.take(np.array([2, 0]))
    np.testing.assert_array_equal(taken.t, [2, 0])
    np.testing.assert_array_equal(taken.x, [[2, 20], [0, 0]])
    assert (len(whole), len(taken), taken.dim) == (3, 2, 2)
    assert (taken.columns, taken.source, taken.notes) == (("a", "b"), "here", ("n",))


@pytest.mark.parametrize(
    ("t", "x"), [([0, 1], [[0, 0]]), ([0], [[0, 0, 0]]), ([[0]], [[0, 0]]), ([0], [0, 0])]
)
def test_shapes_that_disagree_are_refused(t, x):
    with pytest.raises(DataError, match="here: expected one time per row and points of shape"):
        table(t, x)

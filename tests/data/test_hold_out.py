"""Which rows are kept from training, as a value."""

import numpy as np
import pandas as pd
import pytest

from conservax.data import DataError, HoldOut


@pytest.mark.parametrize(
    "wrong",
    [
        {"validation": -0.1},
        {"test": 1.0},
        {"validation": 0.6, "test": 0.5},
        {"test": float("nan")},
    ],
)
def test_fractions_that_make_no_sense_are_refused(wrong):
    with pytest.raises(DataError, match=r"validation|test"):
        HoldOut(**wrong)


def test_windows_are_held_out_at_random_or_by_time():
    with pytest.raises(DataError, match='by as "random" or "time"; got \'space\''):
        HoldOut(by="space")


@pytest.mark.parametrize(
    ("times", "kept"),
    [
        (None, ()),
        (3, (3,)),
        ([1, 2.5], (1, 2.5)),
        ("2024-01-01", ("2024-01-01",)),
        (np.array([1.0, 2.0]), (1.0, 2.0)),
        (np.float32(0.5), (0.5,)),
        ([pd.Timestamp("2024-01-01")], ("2024-01-01 00:00:00",)),
    ],
)
def test_times_left_out_are_kept_as_a_file_holds_them(times, kept):
    held = HoldOut(leave_out=times)
    assert held.leave_out == kept
    assert all(isinstance(time, int | float | str) for time in held.leave_out)
    assert hash(held) == hash(HoldOut(leave_out=times))


def test_what_is_unknown_is_refused():
    with pytest.raises(TypeError, match="fraction"):
        HoldOut(fraction=0.1)

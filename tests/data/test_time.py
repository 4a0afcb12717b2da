import datetime
import json

import numpy as np
import pandas as pd
import pytest

from conservax.data import DataError, Table, TimeAxis

TOKYO = datetime.timezone(datetime.timedelta(hours=9))
# 2024-04-01 is 19814 days after 1970-01-01 (54 years of 365 days, 13 leap days, 91 days).
APRIL = 86400.0 * (54 * 365 + 13 + 91)
DAYS = TimeAxis("when", "timestamp", APRIL, APRIL + 10 * 86400.0)
YEARS = TimeAxis("year", "number", 2019.5, 2024.0)


@pytest.mark.parametrize(
    "written",
    [
        "2024-04-01",
        "2024-04-01T00:00:00Z",
        "2024-04-01 09:00:00+09:00",
        "2024-03-31T19:00:00 -0500",
        datetime.date(2024, 4, 1),
        datetime.datetime(2024, 4, 1),
        datetime.datetime(2024, 4, 1, 9, tzinfo=TOKYO),
        np.datetime64("2024-04-01"),
        np.datetime64("2024-04-01T00", "ns"),
        pd.Timestamp("2024-04-01"),
        pd.Timestamp("2024-04-01 09:00", tz="Asia/Tokyo"),
    ],
)
def test_every_spelling_of_a_moment_is_the_same_number_of_seconds(written):
    assert DAYS.parse(written).shape == ()
    assert DAYS.parse(written) == APRIL
    np.testing.assert_array_equal(DAYS.parse([written, written]), [APRIL, APRIL])


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        pd.Series,
        pd.Index,
        lambda stamps: pd.Series(pd.to_datetime(stamps)),
        lambda stamps: pd.DatetimeIndex(stamps).tz_localize("UTC").tz_convert("Asia/Tokyo"),
        lambda stamps: pd.Series(pd.to_datetime(stamps)).dt.tz_localize("UTC"),
        lambda stamps: np.array(stamps, "datetime64[D]"),
        lambda stamps: np.array(stamps, "datetime64[ns]"),
        lambda stamps: pd.Series(pd.to_datetime(stamps)).astype("timestamp[us][pyarrow]"),
        lambda stamps: pd.Series(stamps, index=[7, 7]),
    ],
)
def test_every_container_of_timestamps_is_read(wrap):
    np.testing.assert_array_equal(
        DAYS.parse(wrap(["2024-04-01", "2024-04-02"])), [APRIL, APRIL + 86400]
    )


def test_fractions_of_a_second_and_times_before_1970_are_kept():
    assert DAYS.parse("1970-01-01T00:00:00.250001") == 0.250001
    assert DAYS.parse("1969-12-31T23:59:59.5") == -0.5


@pytest.mark.parametrize("written", [2020, 2020.0, "2020", " 2020.0 ", np.float32(2020)])
def test_numbers_and_text_that_spells_them_are_read_on_an_axis_of_numbers(written):
    assert YEARS.parse(written) == 2020.0
    assert YEARS.parse([[written], [written]]).shape == (2, 1)


@pytest.mark.parametrize(
    ("axis", "values", "words"),
    [
        (DAYS, "01/04/2024", "time 'when': expected a timestamp in ISO 8601.*'01/04/2024'"),
        (DAYS, ["2024-04-01", "soon"], "row 2: expected a timestamp.*'soon'"),
        (DAYS, "now", "expected a timestamp"),
        (DAYS, 3.5, "expected a timestamp.*got 3.5"),
        (DAYS, [5, 6], "expected a timestamp.*got 5"),
        (DAYS, "2024", "expected a timestamp.*got '2024'"),
        (DAYS, ["2024-04-01", None], "row 2.*got nothing"),
        (DAYS, np.array(["2024-04-01", "NaT"], "datetime64[s]"), "row 2.*got nothing"),
        (YEARS, "2024-04-01", "time 'year': expected a finite number; got '2024-04-01'"),
        (YEARS, [2020.0, np.nan], "row 2.*nothing"),
        (YEARS, [2020.0, np.inf], "row 2: expected a finite number; got inf"),
        (YEARS, [2020.0, True], "got True"),
        (YEARS, [datetime.datetime(2024, 4, 1)], "expected numbers; got datetime64"),
    ],
)
def test_times_of_the_wrong_kind_are_refused(axis, values, words):
    with pytest.raises(DataError, match=words):
        axis.parse(values)


def test_model_time_runs_from_0_to_1_and_back():
    axis = TimeAxis("t", "number", -3.0, 7.0)
    np.testing.assert_allclose(axis.to_unit([-3.0, 2.0, 7.0, 17.0]), [0.0, 0.5, 1.0, 2.0])
    np.testing.assert_allclose(axis.from_unit([0.0, 0.5, 1.0, 2.0]), [-3.0, 2.0, 7.0, 17.0])


@pytest.mark.parametrize(("start", "end"), [(0.1, 0.7), (-1e9, 1e-9), (1.7e9, 1.7e9 + 1)])
def test_both_ends_come_back_exactly(start, end):
    axis = TimeAxis("t", "number", start, end)
    assert list(axis.from_unit(axis.to_unit([start, end]))) == [start, end]


def test_the_scale_is_in_days_for_timestamps_and_plain_for_numbers():
    assert (DAYS.scale, DAYS.unit) == (10.0, "day")
    assert (YEARS.scale, YEARS.unit) == (4.5, "")


@pytest.mark.parametrize(
    ("start", "end", "value", "text"),
    [
        (0, 1, 0.5, "0.5"),
        (0, 1, 1 / 3, "0.3333"),
        (0, 1, 0.1 + 0.2, "0.3"),
        (0, 1, -1e-9, "0"),
        (0, 1e-6, 2.5e-7, "2.5e-07"),
        (1234567, 1234577, 1234568.25, "1234568.25"),
        (0, 1e9, 123456789, "123500000"),
        (2019.5, 2024, 2020, "2020"),
    ],
)
def test_numbers_are_written_as_finely_as_the_range_asks_for(start, end, value, text):
    axis = TimeAxis("t", "number", start, end)
    assert axis.format(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "2024-04-01"),
        (86400.0, "2024-04-02"),
        (3661.0, "2024-04-01T01:01:01Z"),
        (3661.4, "2024-04-01T01:01:01Z"),
    ],
)
def test_timestamps_are_written_in_iso_8601(seconds, text):
    assert DAYS.format(APRIL + seconds) == text
    assert abs(DAYS.parse(text) - APRIL - seconds) <= 0.5


def test_a_range_of_seconds_is_written_in_microseconds():
    axis = TimeAxis("t", "timestamp", APRIL, APRIL + 2)
    assert axis.format(APRIL + 0.25) == "2024-04-01T00:00:00.250000Z"


def test_a_table_shows_timestamps_to_the_microsecond():
    shown = DAYS.to_column([APRIL, APRIL + 0.1])
    assert shown.dtype == np.dtype("datetime64[us]")
    assert [str(stamp) for stamp in shown] == [
        "2024-04-01T00:00:00.000000",
        "2024-04-01T00:00:00.100000",
    ]
    np.testing.assert_array_equal(YEARS.to_column([2020, 2021.5]), [2020.0, 2021.5])


@pytest.mark.parametrize("axis", [DAYS, YEARS])
def test_an_axis_survives_json(axis):
    assert TimeAxis.from_json(json.loads(json.dumps(axis.to_json()))) == axis


@pytest.mark.parametrize(
    ("start", "end"), [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.inf), (-np.inf, 0.0)]
)
def test_a_range_without_length_is_refused(start, end):
    with pytest.raises(DataError, match="time 't': expected start < end"):
        TimeAxis("t", "number", start, end)


def test_a_kind_that_does_not_exist_is_refused():
    with pytest.raises(DataError, match="'number' or 'timestamp'; got 'date'"):
        TimeAxis.from_json({"name": "t", "kind": "date", "start": 0, "end": 1})


def test_the_axis_of_a_table_spans_its_times():
    table = Table(np.array([3.0, 1.0, 2.0]), np.zeros((3, 1)), ("x",), "t", "number", "test")
    assert TimeAxis.of(table) == TimeAxis("t", "number", 1.0, 3.0)
    with pytest.raises(DataError, match="at least one row"):
        TimeAxis.of(table.take(np.array([], int)))


def test_times_of_a_table_of_stamps_are_read_as_they_are():
    axis = TimeAxis("time", "timestamp", 1.7e9, 1.7e9 + 86_400.0)
    held = 1.7e9 + np.array([0.0, 3600.0])
    np.testing.assert_array_equal(axis.parse(held), held)
    np.testing.assert_array_equal(axis.parse(axis.to_column(held)), held)
    for number in (5.0, 45_000, np.nan):  # a count of days, say
        with pytest.raises(DataError, match="Write out the date"):
            axis.parse(number)

import dataclasses

import numpy as np
import pandas as pd
import pytest

from conservax.data import DataError, TimeAxis, Units, read_events, read_table

FRAME = pd.DataFrame({"t": [0.0, 1.0, 2.0], "x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0]})
UNITS = Units(TimeAxis("t", "number", 0.0, 2.0), ("y", "x"), (0.0, 0.0), (1.0, 1.0))


def stamped(*times):
    return pd.DataFrame({"time": list(times), "x": np.arange(len(times), dtype=float)})


def test_named_columns_are_read_in_the_requested_order():
    table = read_table(FRAME, time="x", columns=["y", "t"])
    np.testing.assert_array_equal(table.t, [1, 2, 3])
    np.testing.assert_array_equal(table.x, [[4, 0], [5, 1], [6, 2]])
    assert (table.columns, table.time_name, table.time_kind) == (("y", "t"), "x", "number")
    assert (table.source, table.notes) == ("DataFrame", ())
    assert table.t.dtype == table.x.dtype == np.float64


@pytest.mark.parametrize("name", ["t", "T", "time", "Time", "TIME"])
def test_a_column_called_time_is_taken_and_said(name):
    table = read_table(FRAME.rename(columns={"t": name}))
    assert (table.time_name, table.columns) == (name, ("x", "y"))
    assert table.notes == (
        f"time taken from column {name!r}",
        "coordinates taken from columns 'x', 'y'",
    )


def test_columns_without_numbers_are_left_out_and_said():
    frame = FRAME.assign(
        place=["a", "b", "c"],
        sort=pd.Categorical([1, 2, 1]),
        seen=[True, False, True],
        on=pd.to_datetime(["2024-04-01"] * 3),
    )
    table = read_table(frame)
    assert table.columns == ("x", "y")
    assert "columns left out: 'place', 'sort', 'seen', 'on'" in table.notes


def test_rows_are_sorted_by_time_and_equal_times_keep_their_order():
    frame = pd.DataFrame({"t": [3, 1, 2, 1, 3], "x": [0, 1, 2, 3, 4]})
    table = read_table(frame, time="t", columns=["x"])
    np.testing.assert_array_equal(table.t, [1, 1, 2, 3, 3])
    np.testing.assert_array_equal(table.x[:, 0], [1, 3, 2, 0, 4])
    assert table.notes == ()  # rows of a table have no order of their own


def test_events_out_of_order_are_counted_within_their_sequence():
    frame = pd.DataFrame({"t": [3, 1, 2, 1, 3], "x": [0, 1, 2, 3, 4], "of": list("aabbb")})
    options = {"time": "t", "columns": ["x"]}
    record = read_events(frame, **options)
    assert "3 events were not in time order: sorted by time" in record.notes
    apart = read_events(frame, sequence="of", **options)
    assert "2 events were not in time order: sorted by time" in apart.notes
    in_order = frame.sort_values(["of", "t"])  # times fall from one sequence to the next
    assert not any("order" in n for n in read_events(in_order, sequence="of", **options).notes)


def test_all_values_far_from_the_others_are_named():
    x = np.random.default_rng(0).normal(size=6000)
    wrong = np.arange(7, 6000, 400)  # 15 rows
    x[wrong] = 1e9
    (note,) = (n for n in read_table({"t": np.arange(6000), "x": x}).notes if "far" in n)
    assert "column 'x': 15 values are far from all others" in note
    for row in wrong + 1:
        assert f"1e+09 in row {row}" in note
    x[1::200] = -1e9
    (note,) = (n for n in read_table({"t": np.arange(6000), "x": x}).notes if "far" in n)
    assert "and 25 more" in note


def test_degrees_out_of_range_are_named_by_their_row_in_the_source():
    frame = pd.DataFrame({"t": [3, 1, 2], "lon": [10.0, 20.0, 200.0], "lat": [0.0, 91.0, 0.0]})
    with pytest.raises(DataError, match=r"'lon', row 3: expected degrees .*got 200 \(1 such"):
        read_table(frame, degrees=True)
    with pytest.raises(DataError, match="'lat', row 2: expected degrees from -90 to 90; got 91"):
        read_table(frame[:2], degrees=True)
    with pytest.raises(DataError, match=r"longitude and latitude; got \['lon'\]"):
        read_table(frame, columns=["lon"], degrees=True)
    assert len(read_table(frame[:1], degrees=True)) == 1


def test_a_long_run_of_equal_times_keeps_its_order():
    frame = pd.DataFrame({"t": np.arange(1000) % 2, "x": np.arange(1000)})
    table = read_table(frame, time="t", columns=["x"])
    np.testing.assert_array_equal(table.x[:500, 0], np.arange(0, 1000, 2))


@pytest.mark.parametrize(
    ("times", "notes"),
    [
        (["2024-04-01", "2024-04-01T01:00:00Z"], ()),
        (pd.to_datetime(["2024-04-01 00:00", "2024-04-01 01:00"]), ()),
        (pd.to_datetime(["2024-04-01 00:00", "2024-04-01 01:00"]).tz_localize("UTC"), ()),
        (
            pd.to_datetime(["2024-04-01 09:00", "2024-04-01 10:00"]).tz_localize("Asia/Tokyo"),
            ("time zone Asia/Tokyo converted to UTC",),
        ),
        (
            ["2024-04-01T09:00:00+09:00", "2024-04-01T10:00:00+0900"],
            ("time zone +09:00 converted to UTC",),
        ),
        (
            ["2024-03-31T19:00:00-05", "2024-04-01T10:00:00+09:00"],
            ("time zones +09:00, -05:00 converted to UTC",),
        ),
        (
            ["2024-04-01", pd.Timestamp("2024-04-01 10:00", tz="Asia/Tokyo")],
            ("time zone +09:00 converted to UTC", "times without a zone taken as UTC"),
        ),
        (pd.Categorical(["2024-04-01", "2024-04-01T01"]), ()),
        (
            pd.Series(pd.to_datetime(["2024-04-01 09:00", "2024-04-01 10:00"]))
            .dt.tz_localize("Asia/Tokyo")
            .astype("timestamp[us, tz=Asia/Tokyo][pyarrow]"),
            ("time zone Asia/Tokyo converted to UTC",),
        ),
    ],
)
def test_timestamps_become_seconds_in_utc(times, notes):
    frame = pd.DataFrame({"time": times, "x": [1.0, 2.0]})
    table = read_table(frame, time="time", columns=["x"])
    assert (table.time_kind, table.notes) == ("timestamp", notes)
    np.testing.assert_array_equal(table.t - table.t[0], [0, 3600])
    assert table.t[0] == np.datetime64("2024-04-01", "s").astype(int)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_resolution_of_pandas_is_read(unit):
    times = pd.Series(pd.to_datetime(["1969-12-31 23:59:59", "2024-04-01 00:00:00"])).astype(
        f"datetime64[{unit}]"
    )
    table = read_table(pd.DataFrame({"time": times, "x": [1.0, 2.0]}))
    np.testing.assert_array_equal(table.t, [-1, 1711929600])


def test_dates_of_arrow_are_read():
    dates = pd.Series(pd.to_datetime(["2024-04-01"]).date).astype("date32[pyarrow]")
    assert read_table(pd.DataFrame({"time": dates, "x": [1.0]})).t[0] == 1711929600


@pytest.mark.parametrize(
    "times",
    [
        pd.Categorical([0, 1, 1]),
        pd.Categorical(["0", "1.0", "1"]),
        pd.Categorical([0.0, 1.0, 1.0]),
        pd.array([0, 1, 1], dtype="Int64"),
        pd.array([0, 1, 1], dtype="float64[pyarrow]"),
        pd.Series(["0", "1", " 1 "], dtype="string"),
        pd.Series([0, "1", 1.0], dtype=object),
    ],
)
def test_every_spelling_of_a_number_is_read(times):
    table = read_table(pd.DataFrame({"t": times, "x": [1, 2, 3]}))
    assert table.time_kind == "number"
    np.testing.assert_array_equal(table.t, [0, 1, 1])


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (stamped("2024-04-01", "soon"), "row 2: expected a timestamp in ISO 8601.*'soon'"),
        (stamped("2024-04-01", "2024-13-01"), "row 2: expected a timestamp.*'2024-13-01'"),
        (stamped("2024-04-01", None), "row 2: expected a timestamp.*got nothing"),
        (stamped(1.0, np.nan), "row 2: expected a finite number; got nothing"),
        (stamped(1.0, -np.inf), "row 2: expected a finite number; got -inf"),
        (stamped(1, "2024-04-01", 2), "row 2: expected a number, like most.*'2024-04-01'"),
        (stamped("2024-04-01", "2024-04-02", "3"), "row 3: expected a timestamp.*most.*got '3'"),
        (
            stamped(1, 2).assign(time=pd.Categorical([1, None])),
            "row 2: expected a finite number; got nothing",
        ),
        (stamped(True, False), "column 'time': expected numbers or timestamps; got bool"),
        (stamped(pd.Timedelta(1, "D")), "column 'time': expected numbers or timestamps; got timed"),
        (stamped(pd.Period("2024-04", "M")), "column 'time': expected numbers or timestamps"),
    ],
)
def test_bad_times_are_refused_by_row(frame, words):
    with pytest.raises(DataError, match=words) as caught:
        read_table(frame, time="time", columns=["x"])
    assert "DataFrame, column 'time'" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, "two", 3], "row 2: expected a finite number; got 'two'"),
        ([1, 2, ""], "row 3: expected a finite number; got ''"),
        ([1, np.nan, 3], r"row 2: .*got nothing \(an empty cell or NaN\). Correct the value"),
        (pd.array([1, 2, None], dtype="Int64"), "row 3: .*got nothing"),
        ([1, 2, np.inf], "row 3: .*got inf"),
        ([1, 2, "nan"], "row 3: .*got 'nan'"),
        (pd.Series([1, 2, 10**400], dtype=object), "row 3: .*got 1000"),
        ([1, True, 3.0], "row 2: .*got True"),
        ([True, False, True], "expected numbers; got bool.*0 and 1"),
        (pd.Categorical([1, 2, 1]), "expected numbers; got category.*measured numbers"),
        ([1j, 2j, 3j], "expected numbers; got complex"),
        (pd.to_timedelta([1, 2, 3]), "expected numbers; got timedelta"),
        (pd.to_datetime(["2024-04-01"] * 3), "expected numbers; got datetime.*the time"),
    ],
)
def test_bad_coordinates_are_refused_by_row(values, words):
    with pytest.raises(DataError, match=words) as caught:
        read_table(FRAME.assign(y=values), time="t", columns=["x", "y"])
    assert "DataFrame, column 'y'" in str(caught.value)


def test_a_column_of_numbers_with_a_slip_is_not_left_out_quietly():
    with pytest.raises(DataError, match=r"column 'y', row 2: .*got '5,0'"):
        read_table(FRAME.assign(y=["4", "5,0", "6"]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time": "when"}, r"expected a column 'when'; got \['t', 'x', 'y'\]. Name one"),
        ({"columns": ["x", "yy"]}, "expected a column 'yy'.*Did you mean 'y'"),
        ({"columns": []}, "at least one coordinate"),
        ({"columns": ["x", "x"]}, "every column once"),
        ({"time": "t", "columns": ["x", "t"]}, "time column 't' among columns"),
        ({"columns": ["x", "t"]}, "time column 't' among columns"),
    ],
)
def test_bad_requests_are_refused(options, words):
    with pytest.raises(DataError, match=words):
        read_table(FRAME, **options)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "b", "c"], r"called 't' or 'time'; got \['a', 'b', 'c'\].*time=..."),
        (["t", "Time", "c"], "one column called 't' or 'time'"),
        (["t", "x", "x"], r"its own name; got \['x'\]"),
    ],
)
def test_names_that_leave_a_choice_are_refused(names, words):
    with pytest.raises(DataError, match=words):
        read_table(FRAME.set_axis(names, axis=1))


def test_a_table_without_coordinates_is_refused():
    with pytest.raises(DataError, match=r"columns of numbers beside the time 't'.*columns="):
        read_table(pd.DataFrame({"t": [0, 1], "place": ["a", "b"]}))


def test_a_table_without_rows_is_refused():
    with pytest.raises(DataError, match="expected rows of data; got none"):
        read_table(FRAME.iloc[:0])


@pytest.mark.parametrize("source", [3, [1, 2], (1, 2, 3), None])
def test_a_source_of_another_type_is_refused(source):
    with pytest.raises(DataError, match=f"expected a path.*got {type(source).__name__}"):
        read_table(source)


def test_a_single_name_is_one_column():
    assert read_table(FRAME, columns="x").columns == ("x",)


def test_the_schema_of_a_fitted_model_takes_its_names_and_their_order():
    table = read_table(FRAME.assign(z=0.0), schema=UNITS)
    assert (table.time_name, table.columns, table.notes) == ("t", ("y", "x"), ())
    np.testing.assert_array_equal(table.x[0], [4, 1])
    np.testing.assert_array_equal(read_table(([0.0], [[4.0, 1.0]]), schema=UNITS).x, [[4, 1]])


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        (FRAME.drop(columns="y"), {}, "expected a column 'y'"),
        (FRAME.rename(columns={"t": "time"}), {}, "expected a column 't'.*Name one"),
        (FRAME, {"time": "x"}, "names the model was fitted with, time 't'"),
        (FRAME, {"columns": ["x", "y"]}, r"fitted with.*\['y', 'x'\]; got"),
        (FRAME.assign(t="2024-04-01"), {}, "expected numbers, as in the model.*got timestamps"),
    ],
)
def test_the_schema_of_a_fitted_model_refuses_what_it_was_not_fitted_on(frame, options, words):
    with pytest.raises(DataError, match=words):
        read_table(frame, schema=UNITS, **options)


def test_growth_of_rows_goes_with_them_and_is_no_coordinate():
    frame = pd.DataFrame({"t": [2.0, 0.0, 1.0], "x": [1.0, 2.0, 3.0], "births": [0.2, 0.0, 0.1]})
    table = read_table(frame, growth="births")
    assert table.columns == ("x",)
    np.testing.assert_array_equal(table.growth, [0.0, 0.1, 0.2])
    np.testing.assert_array_equal(table.take(np.array([2, 0])).growth, [0.2, 0.0])
    assert read_table(frame).growth is None
    with pytest.raises(DataError, match="expected a column 'deaths'"):
        read_table(frame, growth="deaths")
    with pytest.raises(DataError, match="column 'births', row 2"):
        read_table(frame.assign(births=[0.2, np.nan, 0.1]), growth="births")
    with pytest.raises(DataError, match="expected growth of shape"):
        dataclasses.replace(table, growth=np.zeros(2))

"""Windows of events: cut from one record or gathered from many sequences, and split."""

import numpy as np
import pandas as pd
import pytest

from conservax.data import (
    DataError,
    Events,
    cut_into_windows,
    read_events,
    read_table,
    split_events,
)

DAYS = pd.Timestamp("2024-01-01", tz="UTC")


def record(n=500, days=100.0, seed=0):
    rng = np.random.default_rng(seed)
    when = DAYS + pd.to_timedelta(np.sort(rng.uniform(0, days, n)), unit="D")
    return pd.DataFrame({"when": when, "lon": rng.uniform(-9, 9, n), "lat": rng.uniform(-9, 9, n)})


def many(sequences=10, seed=0):
    rng = np.random.default_rng(seed)
    label = np.sort(rng.integers(0, sequences, 200))
    return pd.DataFrame({"t": rng.uniform(0, 30, 200), "x": rng.normal(size=200), "run": label})


def test_a_record_is_cut_into_windows():
    frame = record()
    events = read_events(frame, time="when", columns=["lon", "lat"], window="10d")
    days = ((frame["when"] - DAYS) / pd.Timedelta("1D")).to_numpy()
    assert events.sequences == int(days[-1] // 10)
    for number in range(events.sequences):
        inside = (days >= 10 * number) & (days < 10 * (number + 1))
        mine = events.sequence == number
        np.testing.assert_allclose(events.t[mine], days[inside] - 10 * number, atol=1e-9)
        np.testing.assert_array_equal(events.x[mine], frame[["lon", "lat"]][inside])
    assert any("in no complete window" in note for note in events.notes)
    assert (events.axis.start, events.axis.end, events.axis.name) == (0, 10, "days of when")


@pytest.mark.parametrize(
    ("first", "window", "start"),
    [
        ("2024-03-05T07:08:09", "30D", "2024-03-05"),
        ("2024-03-05T07:08:09", "1D", "2024-03-05"),
        ("2024-03-05T07:08:09", "12h", "2024-03-05T07:00"),
        ("2024-03-05T07:08:09", "10min", "2024-03-05T07:08"),
        ("2024-03-05T07:08:09", "5s", "2024-03-05T07:08:09"),
        (1950.25, 30, 1950.0),
        (1957.25, 0.5, 1957.2),
        (0.3, 0.1, 0.3),
        (-3.5, 2, -4.0),
    ],
)
def test_the_first_window_begins_at_a_round_time(first, window, start):
    length = window
    if isinstance(window, str):
        first, length, start = pd.Timestamp(first), pd.Timedelta(window), pd.Timestamp(start)
        start = start.timestamp()
    t = [first + share * length for share in (0.0, 0.1, 1.5, 3.5)]
    events = read_events({"t": t, "x": np.arange(4.0)}, window=window)
    assert events.starts[0] == pytest.approx(start, abs=1e-9)
    assert events.x[0, 0] == 0


def test_one_window_of_the_whole_record_begins_at_a_round_time_too():
    events = read_events({"t": [13.5, 20.0, 87.0], "x": [1.0, 2.0, 4.0]})
    assert (events.starts.tolist(), events.length) == ([10.0], 77.0)
    np.testing.assert_allclose(events.t, [3.5, 10.0])


def test_windows_may_overlap():
    events = read_events(record(), time="when", columns=["lon"], window=10, stride="2d")
    once = read_events(record(), time="when", columns=["lon"], window=10)
    assert 4.5 < len(events) / len(once) < 5.5


def test_without_a_window_the_record_is_one():
    events = read_events(record(), time="when", columns=["lon"])
    assert events.sequences == 1
    assert len(events) >= 499  # the last event ends the record
    assert events.length == pytest.approx(100, abs=1)


def test_sequences_are_gathered_by_their_label():
    frame = many()
    events = read_events(frame.sample(frac=1, random_state=0), sequence="run")
    assert events.columns == ("x",)
    assert events.sequences == 10
    for number in range(10):
        mine = frame[frame["run"] == number].sort_values("t")
        np.testing.assert_array_equal(events.t[events.sequence == number], mine["t"])
        np.testing.assert_array_equal(events.x[events.sequence == number, 0], mine["x"])


def test_a_table_of_all_windows_is_in_order_of_time_within_them():
    events = read_events(many(), sequence="run", window=40)
    table = events.table()
    assert len(table) == 200
    assert np.all(np.diff(table.t) >= 0)
    assert events.axis.end == 40


@pytest.mark.parametrize("by", ["random", "time"])
def test_windows_are_split_whole(by):
    events = read_events(record(2000), time="when", columns=["lon"], window=5)
    parts = split_events(events, validation=0.2, test=0.2, by=by, seed=1)
    starts = [set(part.starts) for part in parts]
    assert [len(s) for s in starts] == ([12, 4, 4] if events.sequences == 20 else [11, 4, 4])
    assert len(set.union(*starts)) == events.sequences
    assert sum(map(len, parts)) == len(events)
    if by == "time":
        assert max(starts[0]) < min(starts[1]) <= max(starts[1]) < min(starts[2])


def test_later_windows_share_no_event_with_training():
    events = read_events(record(2000), time="when", columns=["lon"], window=10, stride=2)
    parts = split_events(events, validation=0.2, test=0.2, by="time")
    day = 86400.0
    for earlier, later in ((0, 1), (1, 2)):
        assert parts[earlier].starts.max() + 10 * day <= parts[later].starts.min() + 1


def test_windows_without_events_are_kept_and_noted():
    frame = record(60, days=100).drop(index=range(20, 40))
    events = read_events(frame, time="when", columns=["lon"], window=2)
    empty = int(np.sum(events.counts == 0))
    assert empty > 0
    assert any(f"{empty} of {events.sequences} windows are empty" in note for note in events.notes)


def test_windows_that_adjoin_do_not_overlap_whatever_the_sign_of_their_times():
    t = np.linspace(-1000, 0, 2001)
    events = cut_into_windows(read_table({"t": t, "x": np.sin(t)}), 10)
    parts = split_events(events, validation=0.2, test=0.2, by="time", seed=0)
    assert [part.sequences for part in parts] == [60, 20, 20]


def whole(frame):
    return read_events(frame, time="when", columns=["lon"])


def test_events_at_the_same_time_are_kept_and_noted():
    frame = record(50)
    assert not any("at the very time" in note for note in whole(frame).notes)
    frame.loc[10, "when"] = frame.loc[9, "when"]
    assert any("1 of 49 events at the very time of the one" in note for note in whole(frame).notes)


def test_events_at_the_time_of_the_one_before_are_counted_in_their_windows():
    t = [0.0, 0.0, 4.0, 7.0, 10.0, 10.5, 21.0]  # three of them at the time of the one before
    source = {"t": t, "x": np.arange(7.0)}
    events = cut_into_windows(read_table(source), 10)
    assert any("3 of 6 events at the very time" in note for note in events.notes)
    # In other sequences the tie of the first two is none.
    apart = read_events(source | {"run": [0, 1, 0, 1, 0, 1, 0]}, sequence="run")
    assert any("2 of 7 events at the very time" in note for note in apart.notes)


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        (
            record().assign(lon=200.0 + np.arange(500)),
            {"degrees": True},
            "'lon', row 1: expected degrees from -180 to 180; got 200",
        ),
        (record(), {"degrees": True, "columns": ["lon"]}, "longitude and latitude"),
        (record(), {"window": "200d"}, "shorter window"),
        (record(), {"window": "ten"}, "a length of time"),
        (record(), {"window": -1}, "above 0"),
        (record(), {"window": 0}, "above 0"),
        (record(), {"window": "inf"}, "finite length above 0; got 'inf'"),
        (record(), {"window": float("nan")}, "finite length above 0; got nan"),
        (record(), {"window": 5, "stride": "inf"}, "finite length above 0"),
        (many(), {"time": "t", "columns": ["x"], "sequence": "run", "window": "inf"}, "finite"),
        (record(), {"sequence": "run"}, "expected a column 'run'"),
        (many(), {"time": "t", "columns": ["x"], "sequence": "run", "window": 3}, "longer window"),
        (
            {"t": [1.0, -2.0], "x": [0.0, 1.0], "run": ["a", "b"]},
            {"time": "t", "columns": ["x"], "sequence": "run", "window": 3},
            "run 'b': .* got -2 .* from 0 in every sequence: subtract its start",
        ),
        (many(), {"time": "t", "columns": ["x"], "window": "3d"}, "a number for the window"),
        (record(1), {}, "different times|start < end"),
        (record(0), {}, "rows of data"),
    ],
)
def test_what_is_refused(frame, options, words):
    options = {"time": "when", "columns": ["lon", "lat"]} | options
    with pytest.raises(DataError, match=words):
        read_events(frame, **options)


def days(labels):
    """Two events in each of several sequences."""
    return {
        "t": np.tile([0.5, 1.5], len(labels)),
        "x": np.arange(2.0 * len(labels)),
        "day": np.repeat(np.asarray(labels, object), 2),
    }


def test_sequences_named_by_numbers_are_in_the_order_of_the_numbers():
    source = days([str(n) for n in (10, 9, 2, 1, 11, 0, 3, 4, 5, 6, 7, 8)])
    events = read_events(source, time="t", columns=["x"], sequence="day", window=2)
    last = split_events(events, validation=0.1, test=0.2, by="time", seed=0).test
    expected = [source["x"][source["day"] == day] for day in ("10", "11")]
    np.testing.assert_array_equal(last.x[:, 0], np.concatenate(expected))


def test_rows_without_a_sequence_are_refused():
    source = days(["a", "b", None, "c"])
    with pytest.raises(DataError, match=r"'day', row 5: .* got nothing, in 2 of 8 rows"):
        read_events(source, time="t", columns=["x"], sequence="day", window=2)


def test_held_out_windows_that_overlap_with_training_are_reported():
    t = np.linspace(0, 100, 500)
    events = cut_into_windows(read_table({"t": t, "x": np.sin(t)}), 10, stride=2)
    with pytest.warns(UserWarning, match="metrics flatter"):
        split_events(events, validation=0.1, test=0.1, seed=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"t": np.array([1.0, 0.5])}, "in order in every window"),
        ({"t": np.array([0.5, np.nan])}, "finite times"),
        ({"sequence": np.array([0, 3])}, "with a start each"),
        ({"sequence": np.array([1, 0])}, "windows in order"),
    ],
)
def test_events_out_of_order_are_refused(change, words):
    fine = {"t": np.array([0.5, 1.0]), "sequence": np.array([0, 0])}
    with pytest.raises(DataError, match=words):
        Events(
            x=np.zeros((2, 1)),
            starts=np.zeros(2),
            length=2.0,
            columns=("x",),
            time_name="t",
            time_kind="number",
            source="here",
            **fine | change,
        )

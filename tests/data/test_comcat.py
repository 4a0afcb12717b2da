"""The catalogue of the USGS, on rows written by hand in its form."""

import numpy as np
import pandas as pd
import pytest

from conservax.data import (
    ComCatReader,
    DataError,
    Units,
    WindowReader,
    cut_into_windows,
    read_comcat,
)

HEADER = (
    "time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type,"
    "horizontalError,depthError,magError,magNst,status,locationSource,magSource"
)
UPDATED = "2024-07-01T00:00:00.040Z"


def row(
    time="2024-03-01T00:00:00.000Z",
    lat=1.5,
    lon=120.25,
    mag=4.6,
    id="us1",
    updated=UPDATED,
    type="earthquake",
):
    return (
        f"{time},{lat},{lon},35.2,{mag},mb,41,,2.107,0.61,us,{id},{updated},"
        f'"14 km NNE of Somewhere, Indonesia",{type},7.3,1.9,0.083,,reviewed,us,us'
    )


def write(path, *rows):
    path.write_text("\n".join([HEADER, *rows, ""]))
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "query.csv"


def test_earthquakes_come_in_time_order_in_degrees_and_utc(path):
    late = row("2024-03-02T12:00:00.500Z", lat=-3.25, lon=121.0, id="us2")
    table = read_comcat(write(path, late, row()))
    assert table.columns == ("longitude", "latitude")
    assert (table.time_name, table.time_kind) == ("time", "timestamp")
    np.testing.assert_array_equal(table.x, [[120.25, 1.5], [121.0, -3.25]])
    start = pd.Timestamp("2024-03-01", tz="UTC").timestamp()
    np.testing.assert_array_equal(table.t - start, [0, 1.5 * 86400 + 0.5])
    assert table.notes == ()


def test_what_is_no_earthquake_is_left_out_and_counted(path):
    blasts = [row(id=f"uw{i}", type="quarry blast") for i in range(3)]
    table = read_comcat(write(path, row(), *blasts, row(id="ak5", type="ice quake")))
    assert len(table) == 1
    (note,) = table.notes
    assert note == "4 of 5 rows left out: no earthquakes (3 quarry blast, 1 ice quake)"


def test_of_rows_with_one_id_the_one_updated_last_is_kept(path):
    first, second = row(lat=1.0), row(lat=2.0, updated="2024-08-01T00:00:00.040Z")
    for rows in ([first, second], [second, first]):
        table = read_comcat(write(path, *rows))
        assert table.x.tolist() == [[120.25, 2.0]]
        assert table.notes == ("1 of 2 rows left out: listed again, updated later",)


def test_an_event_found_to_be_a_blast_is_no_earthquake_any_more(path):
    found = row(type="quarry blast", updated="2024-08-01T00:00:00.040Z")
    table = read_comcat(write(path, found, row(), row(id="us2", lat=3.0)))
    assert table.x[:, 1].tolist() == [3.0]


def test_small_events_and_those_without_a_magnitude_are_left_out_on_request(path):
    write(path, *(row(id=f"us{i}", lat=i, mag=m) for i, m in enumerate([4.4, 4.5, "", 5.0])))
    assert len(read_comcat(path)) == 4
    table = read_comcat(path, min_magnitude=4.5)
    assert table.x[:, 1].tolist() == [1.0, 3.0]
    assert table.notes == ("2 of 4 rows left out: magnitude below 4.5, or none given",)


def test_a_box_holds_its_edges(path):
    write(
        path, *(row(id=f"us{lon}{lat}", lon=lon, lat=lat) for lon in (9, 10, 11) for lat in (0, 1))
    )
    table = read_comcat(path, box=(10, 12, -1, 0))
    assert table.x.tolist() == [[10, 0], [11, 0]]
    assert table.notes == ("4 of 6 rows left out: outside the box",)


def test_across_the_date_line_longitudes_go_on(path):
    write(path, *(row(id=f"us{lon}", lon=lon) for lon in (170.5, -175.25, 200, -100, 160)))
    table = read_comcat(path, box=(165, 210, -30, 30))
    assert table.x[:, 0].tolist() == [170.5, 184.75, 200]
    assert "longitudes run from 165 to 210, across the date line" in table.notes


def test_several_files_are_one_catalogue(tmp_path):
    one = write(tmp_path / "1.csv", row("2024-03-02", id="us2"), row(lat=0.5))
    two = write(tmp_path / "2.csv", row("2024-02-01", id="us3", lat=7), row(lat=0.5))
    table = read_comcat(one, two)
    assert table.x[:, 1].tolist() == [7, 0.5, 1.5]
    assert table.notes == ("1 of 4 rows left out: listed again, updated later",)
    assert table.source == f"{one}, {two}"


def test_the_table_can_be_cut_into_windows(path):
    days = pd.date_range("2024-01-01", periods=101, freq="D").strftime("%Y-%m-%dT%H:%M:%S.000Z")
    table = read_comcat(write(path, *(row(day, id=f"us{i}") for i, day in enumerate(days))))
    events = cut_into_windows(table, 30, stride=7)
    assert events.sequences == 11  # the last one that is complete begins on day 70
    assert events.counts.tolist() == [30] * 11
    assert cut_into_windows(table, "30d", stride="7d").starts.tolist() == events.starts.tolist()


def test_another_file_is_read_in_the_same_way(path, tmp_path):
    days = pd.date_range("2024-01-01", periods=9, freq="D").strftime("%Y-%m-%dT%H:%M:%S.000Z")
    write(path, *(row(day, id=f"us{i}", lat=i, lon=120 + i) for i, day in enumerate(days)))
    first = read_comcat(path, min_magnitude=4.5, box=(110, 130, -10, 10))
    blast, small, far = row(type="quarry blast"), row(id="us2", mag=4), row(id="us3", lon=0)
    other = write(tmp_path / "other.csv", blast, small, far, row(id="us4", lat=3))
    assert first.reader == ComCatReader(4.5, (110.0, 130.0, -10.0, 10.0))
    again = first.reader.read(other, Units.of(first))
    assert again.x.tolist() == [[120.25, 3.0]]
    events = cut_into_windows(first, 2)
    reader = WindowReader.of(events)
    assert reader.catalogue == first.reader
    windows = reader.read(path, Units.of(first))
    np.testing.assert_array_equal(windows.t, events.t)
    frame = pd.DataFrame({"time": [0], "longitude": [1.0], "latitude": [2.0]})
    with pytest.raises(DataError, match="expected timestamps"):
        first.reader.read(frame, Units.of(first))


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([], {}, "query.csv: expected rows of data; got none"),
        ([row(), row(lon=200.0)], {}, "'longitude', row 3: expected degrees from -180 to 180"),
        ([row(), row(lon=200.0)], {}, "or give a box across the date line"),
        ([row(lon=400.0)], {"box": (170, 190, 0, 9)}, "'longitude', row 2: .* from -360 to 360"),
        ([row(lat=91.0)], {}, "'latitude', row 2: expected degrees from -90 to 90; got 91"),
        ([row(), row(lat="")], {}, "'latitude', row 3: expected a finite number; got nothing"),
        ([row(), row("time")], {}, "'time', row 3: expected a timestamp"),
        ([row(id="")], {}, "'id', row 2: expected the id of an event"),
        ([row(mag="big")], {}, "'mag', row 2: expected a finite number; got 'big'"),
        ([row(type="explosion")], {}, r"expected earthquakes; got none \(1 of 1 .*1 explosion"),
        ([row()], {"min_magnitude": 8}, "got none .*magnitude below 8.* Ask for smaller"),
        ([row()], {"box": (170, -150, 0, 9)}, r"add 360 to lon_max: \(165, 210, -30, 0\)"),
        ([row()], {"box": (0, 9, 50, 40)}, r"expected a box \(lon_min, lon_max, lat_min, lat_max"),
    ],
)
def test_what_is_refused(path, rows, options, words):
    with pytest.raises(DataError, match=words):
        read_comcat(write(path, *rows), **options)


def test_other_files_are_refused(path):
    path.write_text("time,lon,lat\n2024-01-01,1,2\n")
    with pytest.raises(DataError, match=r"\['latitude', .*'type'\].*format=csv.*read_table"):
        read_comcat(path)
    path.write_text("")
    with pytest.raises(DataError, match="empty file"):
        read_comcat(path)
    with pytest.raises(DataError, match="the path of a ComCat file"):
        read_comcat()

import gzip

import numpy as np
import pandas as pd
import pytest

from conservax.data import FORMATS, DataError, read_table, write_table

CSV = "t,x,y\n0,1,4\n1,2,5\n2,3,6\n"
SUFFIXES = ", ".join(each.suffix for each in FORMATS)
BINARY = [f"bad{each.suffix}" for each in FORMATS if each.write and each.name != "CSV"]
FRAME = pd.DataFrame({"t": [0.0, 1.0, 2.0], "x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0]})


def check(table):
    np.testing.assert_array_equal(table.t, [0, 1, 2])
    np.testing.assert_array_equal(table.x, [[1, 4], [2, 5], [3, 6]])


def save(folder, text, name="data.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.encode("utf-8-sig"),
        CSV.replace("\n", "\r\n"),
        't,x,y\n0,"1",4\n1,2.0,5e0\n2, 3,6',
        "t, x, y\n0, 1, 4\n1, 2, 5\n2, 3, 6\n",
        ",t,x,y\n0,0,1,4\n1,1,2,5\n2,2,3,6\n",
    ],
    ids=["plain", "byte-order-mark", "windows", "quotes", "spaces", "row-numbers"],
)
def test_csv_as_programs_write_it(tmp_path, text):
    path = save(tmp_path, text)
    table = read_table(path)
    check(table)
    assert table.columns == ("x", "y")
    assert table.source == str(path)
    check(read_table(str(path), time="t", columns=["x", "y"]))


@pytest.mark.parametrize("name", ["data.csv.gz", "DATA.CSV.GZ"])
def test_compressed_csv(tmp_path, name):
    check(read_table(save(tmp_path, gzip.compress(CSV.encode()), name.lower())))


def test_empty_lines_are_left_out_and_said_and_keep_rows_counted_as_in_an_editor(tmp_path):
    table = read_table(save(tmp_path, "t,x,y\n0,1,4\n\n1,2,5\n2,3,6\n\n"))
    check(table)
    assert "2 empty rows left out" in table.notes
    with pytest.raises(DataError, match=r"data.csv, column 'x', row 4: .*'two'"):
        read_table(save(tmp_path, "t,x,y\n0,1,4\n\n1,two,5\n2,3,6\n"), columns=["x", "y"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a table; got an empty file"),
        ("t,x\n", "expected rows of data; got none"),
        ("t,x\n0,1\n1,two\n", "data.csv, column 'x', row 3: expected a finite number; got 'two'"),
        ("t,x\n0,1\n1,\n", "column 'x', row 3: .*got nothing"),
        ("t,x\n0,1\n1\n", "column 'x', row 3: .*got nothing"),
        ("t,x\n0,1\n1,NA\n", "column 'x', row 3: .*got nothing"),
        ("t,x\n0,1\n1,inf\n", "column 'x', row 3: .*got 'inf'"),
        ("t,x\n0,1\n1,1_000\n", "column 'x', row 3: .*got '1_000'"),
        ("t,x\n0,1\n1,True\n", "column 'x', row 3: .*got 'True'"),
        ("t,x\n2024-04-01,1\nlater,2\n", "column 't', row 3: expected a timestamp.*'later'"),
        ("t,x\n1,1\n2024-04-01,1\n", "column 't', row 3: expected a number, like most"),
        ("t,x\n0,1\n1,2,3\n", "row 3: expected 2 values, as in the rows before; got 3"),
        ("t,x\n0,1,2\n1,2,3\n", "one name in the header.*got 2 names and more values"),
        ("t,x,x\n0,1,2\n", r"its own name; got \['x'\]"),
        ("t;x\n0;1\n", "separated by commas; got the header 't;x'"),
        ("t\tx\n0\t1\n", "separated by commas"),
        (b"t,x\n0,\xff\n", "expected CSV text in UTF-8"),
    ],
)
def test_bad_csv_is_refused_by_row(tmp_path, text, words):
    with pytest.raises(DataError, match=words) as caught:
        read_table(save(tmp_path, text), time="t", columns=["x"])
    assert "data.csv" in str(caught.value)


def test_broken_compression_is_refused(tmp_path):
    whole = gzip.compress(CSV.encode() * 100)
    for broken in (b"no gzip", whole[: len(whole) // 2]):
        with pytest.raises(DataError, match=r"data.csv.gz: expected CSV text"):
            read_table(save(tmp_path, broken, "data.csv.gz"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.csv", "expected a file; got nothing there. Check the path"),
        ("data.xlsx", f"ending in {SUFFIXES}; got .xlsx"),
        ("data", "got no ending"),
    ],
)
def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path, name, words):
    with pytest.raises(DataError, match=words):
        read_table(tmp_path / name)


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="expected a file; got a folder"):
        read_table(tmp_path / "folder.csv")


def test_parquet_with_time_as_a_column_or_as_the_index(tmp_path):
    FRAME.to_parquet(tmp_path / "column.parquet")
    FRAME.set_index("t").to_parquet(tmp_path / "index.parquet")
    check(read_table(tmp_path / "column.parquet"))
    check(read_table(tmp_path / "index.parquet"))


def test_parquet_keeps_its_time_zone(tmp_path):
    times = pd.to_datetime(["2024-04-01 09:00"]).tz_localize("Asia/Tokyo")
    pd.DataFrame({"time": times, "x": [1.0]}).to_parquet(tmp_path / "zoned.parquet")
    table = read_table(tmp_path / "zoned.parquet")
    assert table.t[0] == 1711929600
    assert "time zone Asia/Tokyo converted to UTC" in table.notes


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("keep", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_refused(tmp_path, name, keep):
    path = tmp_path / name
    numbers = np.random.default_rng(0).normal(size=(3, 200))
    write_table(path, {"t": numbers[0], "x": numbers[1]})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(DataError, match=f"{name}: expected .*Write it"):
        read_table(path)


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "bad.npz"
    np.savez_compressed(path, t=np.random.default_rng(0).normal(size=500))
    held = bytearray(path.read_bytes())
    held[200:300] = bytes(100)
    path.write_bytes(held)
    with pytest.raises(DataError, match=r"bad.npz: expected arrays.*cannot be read"):
        read_table(path)


def test_an_array_by_the_name_of_an_archive_is_refused(tmp_path):
    with open(tmp_path / "bad.npz", "wb") as file:
        np.save(file, np.arange(3.0))
    with pytest.raises(DataError, match=r"expected an .npz archive.*numpy.savez"):
        read_table(tmp_path / "bad.npz")


@pytest.mark.parametrize("x", [[1.0, 2.0], [[1.0], [2.0]]])
def test_what_lies_under_a_mask_is_not_read(x):
    x = np.ma.array(x, mask=np.reshape([False, True], np.shape(x)))
    for source in ({"t": [0, 1], "x": x}, ([0, 1], x)):
        with pytest.raises(DataError, match=r"row 2: .*got nothing"):
            read_table(source)


def test_the_home_folder_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save(tmp_path, CSV)
    check(read_table("~/data.csv"))


class Bomb:
    """Unpickling this calls the function it names."""

    def __reduce__(self):
        return (pytest.fail, ("a data file ran code",))


def test_a_pickle_is_never_opened(tmp_path):
    np.savez(tmp_path / "bad.npz", t=np.array([0.0]), x=np.array([Bomb()], dtype=object))
    with pytest.raises(DataError, match=r"expected arrays of numbers.*pickle"):
        read_table(tmp_path / "bad.npz")


def test_npz_columns_and_a_matrix_of_them(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, t=FRAME["t"], x=FRAME[["x", "y"]], seed=3)
    table = read_table(path)
    check(table)
    assert table.columns == ("x0", "x1")
    assert "array 'seed' of shape () left out: not a column of a table" in table.notes


def test_an_npz_member_that_is_no_array_is_refused(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match=r"arrays only; got \['readme.txt'\]"):
        read_table(tmp_path / "data.npz")


@pytest.mark.parametrize(
    "source",
    [
        FRAME,
        FRAME.set_index("t"),
        FRAME.set_axis([5, 5, 7]),
        FRAME.to_dict("list"),
        {name: FRAME[name].to_numpy() for name in FRAME},
        {"t": FRAME["t"].set_axis([9, 8, 7]), "x": FRAME["x"], "y": FRAME["y"]},
        {"t": [0, 1, 2], "x": [[1, 4], [2, 5], [3, 6]]},
        (FRAME["t"].to_numpy(), FRAME[["x", "y"]].to_numpy()),
        ([0, 1, 2], [[1, 4], [2, 5], [3, 6]]),
        (FRAME["t"], FRAME[["x", "y"]]),
    ],
)
def test_tables_in_memory(source):
    check(read_table(source))


def test_names_that_are_numbers_are_read_as_text():
    frame = FRAME.set_axis([0, 1, 2], axis=1)
    check(read_table(frame, time=0, columns=[1, 2]))
    check(read_table(frame, time="0", columns=["1", "2"]))


def test_a_pair_of_arrays_has_names_of_its_own_or_requested_ones():
    t, x = [0.0, 1.0, 2.0], np.arange(6.0).reshape(3, 2)
    table = read_table((t, x))
    assert (table.time_name, table.columns, table.notes) == ("t", ("x0", "x1"), ())
    table = read_table((t, x), time="day", columns=["time", "b"])
    assert (table.time_name, table.columns) == ("day", ("time", "b"))
    assert read_table((t, x[:, 0])).columns == ("x0",)
    assert read_table((["2024-04-01"], [[1.0]])).time_kind == "timestamp"


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        (([0, 1], [[1.0], [2.0], [3.0]]), {}, "columns of one length; got {'t': 2, 'x0': 3}"),
        ((0, [[1.0]]), {}, r"expected t of shape \(rows,\)"),
        (([0], np.zeros((1, 1, 1))), {}, r"got \(1,\) and \(1, 1, 1\)"),
        (([0], [[1.0, 2.0]]), {"columns": ["a"]}, r"expected 1 coordinates, \['a'\]; got 2"),
        (([0], [[1.0]]), {"columns": ["t"]}, r"its own name; got \['t'\]"),
        (([0, 1], [[1.0], [2.0, 3.0]]), {}, "column 'x': expected rows of one length"),
        (([], np.zeros((0, 2))), {}, "expected rows of data; got none"),
        (([], []), {}, "expected rows of data; got none"),
        ({"t": [0, 1], "x": [1, 2, 3]}, {}, "columns of one length"),
        ({"t": [0], "x": [[1], [2, 3]]}, {}, "column 'x': expected rows of one length"),
        ({"t": [0], "x": [[1, 2]], "x0": [3]}, {}, r"its own name; got \['x0'\]"),
        ({"t": [0], "x": [[1, "a"]]}, {"columns": ["x1"]}, "column 'x1', row 1: .*got 'a'"),
        ({"t": [0], "x": np.zeros(1, "f8,f8")}, {"columns": ["x"]}, "column 'x', row 1: "),
        ({}, {}, r"called 't' or 'time'; got \[\]"),
    ],
)
def test_bad_arrays_are_refused(source, options, words):
    with pytest.raises(DataError, match=words):
        read_table(source, **options)


def test_arrays_of_other_lengths_are_no_matter_where_names_are_requested():
    table = read_table({"t": [0], "x": [1], "lengths": [1, 2, 3]}, time="t", columns=["x"])
    assert len(table) == 1

import os

import numpy as np
import pandas as pd
import pytest

from conservax.data import FORMATS, DataError, check_output, read_table, write_table

SUFFIXES = [each.suffix for each in FORMATS if each.write is not None]
NAMES = [f"out{suffix}" for suffix in SUFFIXES]
RNG = np.random.default_rng(0)
HARD = np.concatenate(
    [RNG.normal(size=50) * 10.0 ** RNG.integers(-300, 300, 50), [0.1 + 0.2, -0.0, 5e-324, 1.7e308]]
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_numbers_come_back_bit_for_bit(tmp_path, name, dtype):
    values = HARD if dtype == np.float64 else RNG.normal(0.0, 1e6, len(HARD)).astype(dtype)
    t = np.sort(RNG.uniform(size=len(values)))
    write_table(tmp_path / name, {"t": t, "x": values, "a b, c": values[::-1]})
    table = read_table(tmp_path / name)
    assert table.columns == ("x", "a b, c")
    np.testing.assert_array_equal(table.t, t)
    np.testing.assert_array_equal(table.x[:, 0].astype(dtype), values)
    np.testing.assert_array_equal(table.x[:, 1].astype(dtype), values[::-1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unit", ["us", "s", "D"])
def test_timestamps_come_back_to_the_microsecond(tmp_path, name, unit):
    stamps = np.array(["1969-07-20T20:17:40.123456", "2024-04-01", "2024-04-01T12:00:00.5"])
    stamps = stamps.astype("datetime64[us]").astype(f"datetime64[{unit}]")
    write_table(tmp_path / name, {"time": stamps, "x": np.arange(3.0)})
    table = read_table(tmp_path / name, time="time", columns=["x"])
    assert (table.time_kind, table.notes) == ("timestamp", ())
    np.testing.assert_array_equal(
        np.rint(table.t * 1e6).astype(int), stamps.astype("datetime64[us]").astype(int)
    )


@pytest.mark.parametrize("name", NAMES)
def test_text_and_awkward_names_are_written(tmp_path, name):
    words = np.array(["a,b", 'say "c"'])
    write_table(tmp_path / name, {"t": [0, 1], "file": [1.0, 2.0], "kind": words})
    table = read_table(tmp_path / name)
    assert table.columns == ("file",)
    assert "columns left out: 'kind'" in table.notes


@pytest.mark.parametrize("name", NAMES)
def test_an_existing_file_is_only_replaced_by_force(tmp_path, name):
    path = tmp_path / name
    path.write_text("precious")
    with pytest.raises(DataError, match=rf"{name}: expected a name that is free.*force=True"):
        write_table(path, {"t": [0], "x": [1]})
    assert path.read_text() == "precious"
    write_table(path, {"t": [0], "x": [1]}, force=True)
    assert len(read_table(path)) == 1
    assert os.listdir(tmp_path) == [name]


def test_what_is_there_survives_a_failure_half_way(tmp_path, monkeypatch):
    path = tmp_path / "out.csv"
    path.write_text("precious")

    def fail(self, file, **options):
        file.write(b"half a ta")
        raise KeyboardInterrupt

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(KeyboardInterrupt):
        write_table(path, {"t": [0], "x": [1]}, force=True)
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_missing_folders_are_made_and_permissions_are_the_usual_ones(tmp_path):
    path = tmp_path / "a" / "b" / "out.csv"
    write_table(str(path), {"t": [0], "x": [1]})
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("name", "columns", "words"),
    [
        ("out.xlsx", {"t": [0]}, f"ending in {', '.join(SUFFIXES)}; got .xlsx"),
        ("out", {"t": [0]}, "got no ending"),
        ("out.csv", {"t": [0, 1], "x": [1]}, r"columns of one length.*'t': \(2,\), 'x': \(1,\)"),
        ("out.csv", {"t": [[0]]}, "columns of one length"),
        ("out.csv", {}, "columns of one length"),
        ("out.npz", {"t": np.array([{}])}, "column 't': expected numbers, text or datetime64"),
        ("out.csv", {"t": [1j]}, "column 't': expected numbers.*complex"),
        ("file/out.csv", {"t": [0]}, "expected a file that can be written"),
    ],
)
def test_bad_requests_leave_nothing_behind(tmp_path, name, columns, words):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=words):
        write_table(tmp_path / name, columns)
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(DataError, match=r"expected a file that can be written; got .*directory"):
        write_table(tmp_path / "out.csv", {"t": [0]}, force=True)
    assert os.listdir(tmp_path) == ["out.csv"]


def test_check_out_knows_files_folders_and_dangling_links(tmp_path):
    check_output(tmp_path / "free", force=False)
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for taken in (tmp_path, str(tmp_path), tmp_path / "link"):
        check_output(taken, force=True)
        with pytest.raises(DataError, match=r"that exists.*force=True"):
            check_output(taken, force=False)

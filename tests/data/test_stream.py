"""A file read in batches and distributed over shards, against the same file read whole."""

import numpy as np
import pandas as pd
import pytest

from conservax.data import DataError, Stream, Table, check_trainable, open_table, read_table, shard
from conservax.data.read._shard_file import ShardFile

ROWS = 5003


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    """Several shards and batches of a small file, none of which divides another."""
    monkeypatch.setattr("conservax.data.read._shards.SHARD_ROWS", 400)
    monkeypatch.setattr("conservax.data.read._stream.BATCH_ROWS", 700)


def frame():
    """In order of time; `row` numbers the rows, `far` has a mean of 1e8 standard deviations."""
    rng = np.random.default_rng(0)
    row = np.arange(ROWS, dtype=float)
    far = 1e8 + rng.normal(size=ROWS)
    return pd.DataFrame({"t": 5 + row / ROWS, "row": row, "far": far})


def write(folder, data):
    path = folder / "big.parquet"
    data.to_parquet(path, index=False, row_group_size=1100)
    return path


def stream(path, **names):
    opened = open_table(path, memory_rows=10, **names)
    assert isinstance(opened, Stream)
    return opened


@pytest.fixture
def shards(tmp_path):
    return shard(stream(write(tmp_path, frame())), validation=0.1, test=0.2, seed=3)


def epoch(shards, number=0):
    return [shards.shard(number * shards.count + i) for i in range(shards.count)]


def rows_of(*tables):
    return np.sort(np.concatenate([table.x[:, 0] for table in tables]))


def test_only_large_parquet_files_are_streamed(tmp_path):
    path = write(tmp_path, frame())
    assert isinstance(open_table(path, memory_rows=ROWS), Table)
    assert len(stream(path)) == ROWS
    frame().to_csv(tmp_path / "big.csv")
    assert isinstance(open_table(tmp_path / "big.csv", memory_rows=10), Table)
    with pytest.raises(DataError, match="nothing there"):
        open_table(tmp_path / "none.parquet")


@pytest.mark.parametrize("kind", ["number", "timestamp", "text"])
def test_batches_are_the_table(tmp_path, kind):
    data = frame()
    if kind != "number":
        data["t"] = pd.Timestamp("2024-01-01", tz="Asia/Tokyo") + pd.to_timedelta(data["t"], "D")
    if kind == "text":
        data["t"] = data["t"].map(lambda stamp: stamp.isoformat())
    path = write(tmp_path, data)
    opened, whole = stream(path, time="t"), read_table(path, time="t")
    batches = list(opened.batches())
    assert max(map(len, batches)) <= 700
    assert (opened.columns, opened.time_name) == (whole.columns, whole.time_name)
    assert opened.time_kind == whole.time_kind == ("number" if kind == "number" else "timestamp")
    assert set(whole.notes) <= set(opened.notes)
    np.testing.assert_array_equal(np.concatenate([b.t for b in batches]), whole.t)
    np.testing.assert_array_equal(np.concatenate([b.x for b in batches]), whole.x)


def test_units_are_those_of_all_training_rows_at_once(shards):
    x = np.concatenate([part.x for part in epoch(shards)])
    np.testing.assert_allclose(shards.units.mean, x.mean(0), rtol=1e-14)
    # Summing squares without their mean would lose every digit of the second column.
    np.testing.assert_allclose(shards.units.std, x.std(0, ddof=1), rtol=1e-7)
    axis = shards.units.time
    assert (axis.name, axis.start, axis.end) == ("t", 5.0, 5 + (ROWS - 1) / ROWS)


def test_an_epoch_has_every_training_row_once_and_no_other(shards):
    assert [len(part) for part in shards.split[1:]] == [500, 1001]
    parts = epoch(shards)
    assert len(parts) == 9  # of 3502 rows at most 400 in each
    assert {len(part) for part in parts} == {3502 // 9}
    assert shards.training_rows == 9 * (3502 // 9)
    found = rows_of(*parts, shards.split.validation, shards.split.test)
    assert len(np.unique(found)) == len(found) == ROWS - 3502 % 9


def test_rows_keep_their_times_and_positions(shards):
    whole = frame().to_numpy()
    for table in (*epoch(shards), *shards.split):
        cells = np.column_stack((table.t, table.x))
        np.testing.assert_array_equal(cells, whole[table.x[:, 0].astype(int)])


def test_another_epoch_has_the_same_rows_in_another_order(shards):
    first, second = epoch(shards), epoch(shards, 1)
    np.testing.assert_array_equal(rows_of(*first), rows_of(*second))
    assert any((a.x != b.x).any() for a, b in zip(first, second, strict=True))


def test_every_shard_is_spread_over_the_times_of_a_sorted_file(shards):
    for part in epoch(shards):
        even = 5 + (np.arange(len(part)) + 0.5) / len(part)
        np.testing.assert_allclose(np.sort(part.t), even, atol=0.05)


def test_the_sample_is_in_time_order_and_trainable(shards):
    check_trainable(shards.split.train)
    for part in shards.split:
        assert (np.diff(part.t) >= 0).all()
    assert np.isin(shards.split.train.x, np.concatenate([b.x for b in epoch(shards)])).all()


def test_the_seed_decides(tmp_path):
    opened = stream(write(tmp_path, frame()))
    first, again, other = (shard(opened, validation=0.1, seed=seed) for seed in (1, 1, 2))
    for number in (0, 5, 123):
        np.testing.assert_array_equal(first.shard(number).x, again.shard(number).x)
    assert (first.shard(0).x != other.shard(0).x).any()
    np.testing.assert_array_equal(first.split.validation.x, again.split.validation.x)
    assert len(np.intersect1d(first.split.validation.x, other.split.validation.x)) < 300


def test_held_out_rows_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("conservax.data.read._shards.MOST_HELD_OUT", 100)
    parts = shard(stream(write(tmp_path, frame())), validation=0.1, test=0.01, seed=0)
    assert [len(part) for part in parts.split[1:]] == [100, 50]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("row", np.nan, "column 'row', row 3457: expected a finite number; got nothing"),
        ("far", np.inf, "column 'far', row 3457: expected a finite number; got inf"),
        ("t", np.nan, "column 't', row 3457: expected a finite number"),
        ("row", "oops", "column 'row', row 3457: expected a finite number; got 'oops'"),
        ("t", "2024-05-05", "column 't', row 3457: expected a number, like most"),
    ],
)
def test_a_bad_value_is_named_by_column_and_row(tmp_path, column, value, words):
    data = frame()
    if isinstance(value, str):
        data[column] = data[column].astype(str).astype(object)
    data.loc[3456, column] = value
    with pytest.raises(DataError, match=words):
        shard(stream(write(tmp_path, data), columns=["row", "far"]), validation=0.1, seed=0)


def test_degrees_out_of_range_are_named_by_column_and_row(tmp_path):
    data = frame().assign(far=0.0, row=0.0)
    data.loc[3456, "far"] = 91.0
    opened = stream(write(tmp_path, data), degrees=True)
    with pytest.raises(DataError, match="'far', row 3457: expected degrees from -90 to 90; got 91"):
        shard(opened, validation=0.1, seed=0)


def test_times_of_another_kind_further_down_are_refused(tmp_path):
    data = frame()
    data["t"] = data["t"].astype(str)
    data.loc[2800:, "t"] = "2024-05-05"
    with pytest.raises(DataError, match="expected numbers, as in the model or the rows before"):
        shard(stream(write(tmp_path, data)), validation=0.1, seed=0)


@pytest.mark.parametrize("column", ["flag", "word"])
def test_columns_that_are_no_numbers_are_refused(tmp_path, column):
    data = frame().assign(flag=True, word=[str(i % 3) + "a" for i in range(ROWS)])
    with pytest.raises(DataError, match=f"column '{column}'.*expected"):
        shard(stream(write(tmp_path, data), columns=[column]), validation=0.1, seed=0)


def test_what_cannot_be_learned_from_is_refused(tmp_path):
    still = write(tmp_path, frame().assign(far=3.0))
    with pytest.raises(DataError, match="column 'far': expected values that vary"):
        shard(stream(still), validation=0.1, seed=0)
    once = write(tmp_path, frame().assign(t=1.0))
    with pytest.raises(DataError, match="at least two different times"):
        shard(stream(once), validation=0.1, seed=0)
    with pytest.raises(DataError, match="validation fraction"):
        shard(stream(once), validation=1.2, seed=0)
    with pytest.raises(DataError, match="rows left for training"):
        shard(stream(once), validation=0.49999, test=0.5, seed=0)


def test_a_truncated_file_is_reported(tmp_path):
    path = write(tmp_path, frame())
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match="expected a Parquet file"):
        open_table(path)


class Full:
    """A disk without room."""

    def seek(self, place):
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_reported(tmp_path):
    file = ShardFile(tmp_path, 2, 3, 4)
    file._file = Full()
    with pytest.raises(DataError, match=r"room for 192 bytes of rows; got No space left.*TMPDIR"):
        file.add(np.zeros((6, 4)))


def test_nothing_is_left_on_disk(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    held = shard(stream(write(tmp_path, frame())), validation=0.1, seed=0, folder=folder)
    assert len(held.shard(0))
    del held
    assert list(folder.iterdir()) == []

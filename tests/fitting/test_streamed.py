"""Fits to files that are larger than they may be in memory."""

import json

import jax
import numpy as np
import pandas as pd
import pytest

import conservax
from conservax import HoldOut
from conservax.cli import main
from conservax.data import DataError, Stream, Units, split
from conservax.fitting import input_noise
from conservax.model import StreamSource
from conservax.scoring import scores

ROWS = 4000
TRAINING = {"steps": 400, "batch_size": 64, "learning_rate": 1e-2, "memory_rows": 100}
HOW = {"time": "t", "columns": ["x", "y"], "training": TRAINING, "holdout": HoldOut(test=0.2)}
NOTED = pytest.mark.filterwarnings("ignore:.*read from the file a batch at a time")
pytestmark = NOTED


@pytest.fixture(autouse=True, scope="module")
def _small_blocks():
    """Several blocks of a small file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conservax.data.read._shards.SHARD_ROWS", 600)
        patch.setattr("conservax.data.read._stream.BATCH_ROWS", 900)
        yield


def points(n=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0, 10, n))
    x = 100 + 5 * t + 10 * rng.normal(size=n)
    return pd.DataFrame({"t": t, "x": x, "y": rng.normal(size=n) * (1 + 0.1 * t)})


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "big.parquet"
    points().to_parquet(path, row_group_size=1000)
    return path


@pytest.fixture(scope="module")
def run(file, quick_fit, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conservax.data.read._shards.SHARD_ROWS", 600)
        with pytest.warns(UserWarning, match="4,000 rows are read from the file a batch"):
            quick_fit(file, out=out, **HOW)
    return out


def test_a_streamed_fit_is_as_good_as_one_in_memory(file, quick_fit, monkeypatch):
    monkeypatch.setattr("conservax.data.read._shards.SHARD_ROWS", 1200)  # the last is seen last
    streamed = quick_fit(file, **HOW)
    held = quick_fit(file, **HOW | {"training": TRAINING | {"memory_rows": ROWS}})
    fresh = points(20_000, seed=1).query("0.01 < t < 9.99")
    nll = [-model.log_prob(fresh["t"], fresh[["x", "y"]]).mean() for model in (streamed, held)]
    log_stds = np.log(10) + np.log(1 + 0.1 * fresh["t"]).mean()
    assert nll[0] == pytest.approx(np.log(2 * np.pi * np.e) + log_stds, abs=0.05)
    # Over ten seeds .008 apart in the mean, with a deviation of .005.
    assert nll[0] == pytest.approx(nll[1], abs=0.03)
    np.testing.assert_allclose(streamed.units.std, held.units.std, rtol=0.02)


def test_a_streamed_run_distinguishes_rows_from_its_sample(file, run):
    model = conservax.load(run)
    assert model.settings.rows == ROWS
    assert [len(part) for part in model.split] == [560, 400, 800]  # 2800 rows in five blocks
    assert any("4,000 rows" in note for note in model.settings.notes)
    assert model.settings.stream == StreamSource(path=str(file), time="t", columns=("x", "y"))


@pytest.fixture
def broken(file, quick_fit, tmp_path):
    """A run that was interrupted after half of its steps."""

    def stop(report):
        if report.step == 200:
            raise KeyboardInterrupt

    out = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        quick_fit(file, out=out, on_chunk=stop, **HOW)
    return out


def test_a_streamed_run_resumes_bit_for_bit(run, broken):
    conservax.resume(broken)
    for name in ("checkpoint.safetensors", "metrics.csv"):
        assert (broken / name).read_bytes() == (run / name).read_bytes()
    laws = [conservax.load(path).law for path in (run, broken)]
    for a, b in zip(*map(jax.tree.leaves, laws), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_run_on_a_changed_file_is_not_resumed(file, broken):
    before = file.read_bytes()
    try:
        points(seed=9).to_parquet(file)
        with pytest.raises(DataError, match=r"expected the rows that .* was begun with"):
            conservax.resume(broken)
        file.unlink()
        with pytest.raises(DataError, match="nothing there"):
            conservax.resume(broken)
    finally:
        file.write_bytes(before)


def test_windows_of_a_stream_cannot_be_split_by_time(file, quick_fit):
    with pytest.raises(DataError, match="split by time"):
        quick_fit(file, **HOW | {"holdout": HoldOut(by="time")})


def test_scores_of_a_stream_are_those_of_the_table(file, run, monkeypatch):
    model = conservax.load(run)
    whole = scores(model, model.read(file))
    stream = model.open(file, memory_rows=10)
    assert isinstance(stream, Stream)
    streamed = scores(model, stream)
    assert [score.name for score in streamed] == [score.name for score in whole]
    for a, b in zip(streamed, whole, strict=True):
        assert (a.raw, a.this_model_better_by) == pytest.approx(
            (b.raw, b.this_model_better_by), rel=1e-5, abs=1e-6
        )
    monkeypatch.setattr("conservax.scoring._scores.MAX_COMPARED", 1000)
    thinned = scores(model, stream)
    assert thinned[0] == streamed[0]
    for a, b in zip(thinned[1:], streamed[1:], strict=True):
        assert 1.5 < a.error / b.error < 2.7  # of a quarter of the rows
        assert a.this_model_better_by == pytest.approx(b.this_model_better_by, abs=5 * a.error)
        assert a.raw - a.this_model_better_by == pytest.approx(streamed[0].raw)


def test_input_noise_of_a_sample_shrinks_with_all_the_rows():
    table = conservax.data.read_table(points(500), time="t")
    parts = split(table, validation=0.2, seed=0)
    units = Units.of(parts.train)
    sampled, all_of_them = (input_noise(parts, units, rows) for rows in (4000, 400_000))
    assert input_noise(parts, units)[0] == pytest.approx(2 * sampled[0])  # 400 rows: no less noise
    np.testing.assert_allclose(np.array(sampled), 10 * np.array(all_of_them))


def answer(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert not stop.value.code
    return json.loads(capsys.readouterr().out)


def test_the_command_line_streams_too(file, tmp_path, capsys):
    options = (
        "--time t --columns x y --steps 30 --width 8 --depth 1 --components 2 --kinetic-weight 0"
    )
    out = tmp_path / "run"
    limit = ["--memory-rows", 1000, "--json"]
    result = answer(capsys, "fit", file, *options.split(), "--test", 0.1, "--out", out, *limit)
    assert (result["rows"], result["train_rows"], result["test_rows"]) == (ROWS, 533, 400)
    scored = answer(capsys, "score", out, file, *limit)
    assert scored["rows"] == ROWS
    assert scored["scores"][0]["raw"] == scored["nll_raw"]


@pytest.mark.slow
def test_a_report_of_a_streamed_run_counts_all_rows(run, tmp_path):
    page = conservax.load(run).report(tmp_path / "page.html").read_text()
    assert "4,000" in page
    assert "a sample: 560 train" in page

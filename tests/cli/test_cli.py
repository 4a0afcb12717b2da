"""Commands of the command line, end to end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conservax.cli._app import as_flags, repeat_flag


def write_table(path, n=200, seed=0, **columns):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"t": np.sort(rng.uniform(size=n)), "x": rng.normal(size=n), "y": rng.normal(size=n)}
    )
    for name, values in columns.items():
        frame[name] = values
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def work(tmp_path_factory, run, tiny):
    folder = tmp_path_factory.mktemp("work")
    write_table(folder / "data.csv")
    code = run(
        "fit", folder / "data.csv", "--time", "t", "--columns", "x", "y",
        "--test", 0.2, "--out", folder / "run", *tiny, "--kinetic-weight", "0.01",
    )  # fmt: skip
    assert code == 0
    return folder


def test_an_explicit_kinetic_weight_logs_its_cost(work, capsys, monkeypatch, run):
    calls = []
    monkeypatch.setattr("conservax.cli._fit.fit", lambda *_, **given: calls.append(given) or 1 / 0)
    for options, cost in ((["--kinetic-weight", 0.05], "up to 0.05 nats per row"), ([], None)):
        with pytest.raises(ZeroDivisionError):
            run("fit", work / "data.csv", "--out", work / "weighted", *options)
        message = " ".join(capsys.readouterr().err.split())
        assert ("nats per row" in message) == (cost is not None)
        assert cost is None or cost in message
    assert [call["model"].kinetic_weight for call in calls] == [0.05, None]


def test_a_run_with_a_network_as_reference_is_written_and_read(work, capsys, run, tiny):
    code = run(
        "fit", work / "data.csv", "--out", work / "bridge", *tiny, "--kinetic-weight", 0.1,
        "--diffusion", 0.3, "--reference", "network",
    )  # fmt: skip
    assert code == 0, capsys.readouterr().err
    assert run("score", work / "bridge", work / "data.csv") == 0


def test_a_run_folder_has_its_files(work):
    names = {path.name for path in (work / "run").iterdir()}
    assert names == {
        "model.conservax",
        "experiment.conservax",
        "config.json",
        "data.npz",
        "checkpoint.safetensors",
        "metrics.csv",
    }


def test_score(work, capsys, run, answer):
    write_table(work / "new.csv", seed=1)
    code, result = answer("score", work / "run", work / "new.csv")
    assert code == 0
    assert result["rows"] == 200
    names = [score["name"] for score in result["scores"]]
    assert any("ernel" in name for name in names)
    assert any("Gaussian" in name for name in names)
    # Standard normal points: the NLL is at least their entropy, up to chance.
    assert result["nll_raw"] > np.log(2 * np.pi * np.e) - 0.3
    assert run("score", work / "run", work / "new.csv") == 0
    assert "standardised" in capsys.readouterr().out


def test_one_row_has_a_score_without_an_error(work, answer):
    one = write_table(work / "one.csv", n=1)
    code, result = answer("score", work / "run", one)
    assert code == 0
    assert result["scores"][1]["error"] is None


def test_scores_of_training_rows_come_with_a_warning(work, capsys, run):
    run("score", work / "run", work / "data.csv")
    assert "scores are optimistic" in " ".join(capsys.readouterr().err.split())


def test_a_file_is_never_replaced_by_a_run(work, capsys, run, tiny):
    out = work / "data.csv"
    code = run("fit", work / "data.csv", "--columns", "x", "--out", out, "--force", *tiny)
    assert code == 2
    assert "expected a folder" in capsys.readouterr().err


def test_events_in_windows(work, capsys, run, answer):
    data = write_table(work / "events.csv", n=300)
    out = work / "windows"
    options = ["--time", "t", "--columns", "x", "y", "--window", "0.1", "--model", "kernel-mixture"]
    few = ["--kinetic-weight", 0, "--steps", 30, "--components", 3, "--batch-size", 32]
    assert run("fit", data, *options, "--test", 0.2, "--out", out, *few) == 0
    capsys.readouterr()
    code, result = answer("score", out, write_table(work / "newer.csv", n=300, seed=1))
    assert code == 0
    assert 250 < result["rows"] <= 300
    for command, words in (
        (
            ["fit", data, *options, "--width", 16, "--depth", 1, "--out", work / "no"],
            "expected settings of --model kernel-mixture; got --depth, --width, which it does not have",
        ),
        (["fit", data, *options, "--memory-rows", 10, "--out", work / "no"], "with --window"),
        (["score", out, data, "--memory-rows", 10], "no --memory-rows"),
    ):
        assert run(*command) == 2
        assert words in " ".join(capsys.readouterr().err.split())


def test_a_catalogue_from_comcat(work, capsys, run, answer, tiny):
    rng = np.random.default_rng(0)
    count = 300
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(count), unit="D")
    frame = pd.DataFrame(
        {
            "time": days.strftime("%Y-%m-%dT%H:%M:%S.000Z")[::-1],
            "latitude": rng.normal(size=count),
            "longitude": 120 + rng.normal(size=count),
            "mag": np.where(np.arange(count) % 3, 5.0, 4.0),
            "id": [f"us{i}" for i in range(count)],
            "updated": "2025-01-01T00:00:00.000Z",
            "type": ["quarry blast"] + ["earthquake"] * (count - 1),
        }
    )
    frame.to_csv(work / "query.csv", index=False)
    options = ["--comcat", "--min-magnitude", 4.5, "--out", work / "catalogue", "--force", *tiny]
    assert run("fit", work / "query.csv", *options) == 0
    printed = capsys.readouterr()
    assert "200 rows of longitude, latitude" in printed.out
    assert "1 quarry blast" in printed.err
    pd.concat([frame, frame[:50]]).to_csv(work / "later.csv", index=False)
    code, result = answer("score", work / "catalogue", work / "later.csv")
    assert (code, result["rows"]) == (0, 200)
    assert run("fit", work / "query.csv", *options, "--window", "30d") == 0
    capsys.readouterr()
    code, result = answer("score", work / "catalogue", work / "later.csv")
    assert (code, result["rows"]) == (0, 180)  # nine whole windows of twenty
    config = json.loads((work / "catalogue" / "config.json").read_text())
    assert config["settings"]["reader"]["window"] == 30
    capsys.readouterr()
    for extra, words in (
        (["--comcat", "--columns", "latitude"], "drop --columns"),
        (["--min-magnitude", 4.5], "--min-magnitude beside --comcat"),
    ):
        assert run("fit", work / "query.csv", "--out", work / "no", *extra) == 2
        assert words in capsys.readouterr().err


def test_version(capsys, run):
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("conservax ")


def test_sample_and_transport(work, answer):
    code, _ = answer("sample", work / "run", "--time", "0.25", "-n", 50, "--out", work / "s.csv")
    assert code == 0
    drawn = pd.read_csv(work / "s.csv")
    assert drawn.columns.tolist() == ["t", "x", "y"]
    assert (drawn["t"] == 0.25).all()
    code, moved = answer(
        "transport", work / "run", work / "s.csv",
        "--from", "0.25", "--to", "0.75", "--out", work / "m.parquet",
    )  # fmt: skip
    assert code == 0
    assert moved["mean_squared_displacement"] > 0
    transported = pd.read_parquet(work / "m.parquet")
    assert (transported["t"] == 0.75).all()
    assert len(transported) == 50


def test_check(work, answer):
    code, result = answer("check", work / "run")
    assert code == (0 if result["passed"] else 1)
    # After thirty steps the fit is poor, but what is exact by construction passes.
    exact = {r["name"]: r["passed"] for r in result["results"] if r["name"] != "calibration"}
    assert len(exact) == 5
    assert all(exact.values()), exact


def test_report(work, answer):
    code, result = answer("report", work / "run")
    assert code == 0
    page = Path(result["report"]).read_text()
    assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")


def test_extrapolation_in_time_is_warned_of(work, capsys, run):
    assert run("sample", work / "run", "--time", "7", "-n", 5, "--out", work / "far.csv") == 0
    assert "warning: extrapolation: t = 7" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "arguments", "words"),
    [
        ({}, ["nothing.csv"], "nothing.csv"),
        ({}, ["data.csv", "--columns", "x", "z"], "'z'"),
        ({"x": ["1", "two", *["3"] * 198]}, ["data.csv"], "row 3"),
        ({"x": [1.0, np.nan, *[3.0] * 198]}, ["data.csv"], "row 3"),
        ({"x": [1.0, np.inf, *[3.0] * 198]}, ["data.csv"], "row 3"),
        ({"y": 5.0}, ["data.csv"], "'y'"),
        ({"t": 1.0}, ["data.csv"], "'t'"),
        ({}, ["data.csv", "--test", "0.9", "--validation", "0.9"], "validation + test"),
        ({}, ["data.csv", "--steps", "0"], "expected steps as an integer of at least 1; got 0"),
        (
            {},
            ["data.csv", "--batch-size", "0"],
            "expected --batch-size as an integer of at least 1; got 0",
        ),
        ({}, ["data.csv", "--total-mass", "0=1", "1=2"], "Give --growth-weight 0.1."),
        ({}, ["data.csv", "--by", "time"], "to split by time; got a table of rows"),
    ],
)
def test_bad_input_ends_with_2_and_writes_nothing(
    tmp_path, capsys, changes, arguments, words, run, tiny
):
    write_table(tmp_path / "data.csv", **changes)
    file, *rest = arguments
    columns = [] if "--columns" in rest else ["--columns", "x", "y"]
    code = run(
        "fit", tmp_path / file, "--time", "t", *columns, "--out", tmp_path / "run", *tiny, *rest
    )
    captured = capsys.readouterr()
    assert code == 2
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert not (tmp_path / "run").exists()


def test_few_rows_are_refused(tmp_path, capsys, run):
    write_table(tmp_path / "data.csv", n=12)
    assert run("fit", tmp_path / "data.csv", "--out", tmp_path / "run") == 2
    assert "12" in capsys.readouterr().err


def test_nothing_is_overwritten_without_force(work, capsys, run, tiny):
    before = {path: path.stat().st_mtime_ns for path in (work / "run").iterdir()}
    assert run("fit", work / "data.csv", "--out", work / "run", *tiny) == 2
    assert "--force" in capsys.readouterr().err
    write_table(work / "taken.csv")
    assert run("sample", work / "run", "--time", 0.5, "-n", 5, "--out", work / "taken.csv") == 2
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("command", ["check", "report"])
def test_a_folder_that_is_not_a_run(tmp_path, capsys, command, run):
    assert run(command, tmp_path) == 2
    assert run(command, tmp_path / "nothing") == 2
    (tmp_path / "file").write_bytes(b"not a model")
    assert run(command, tmp_path / "file") == 2
    assert "Traceback" not in capsys.readouterr().err


def test_time_zones_are_reported_and_the_order_of_rows_is_not(tmp_path, capsys, run, tiny):
    stamps = pd.date_range("2024-01-01", periods=200, freq="h", tz="Asia/Tokyo")
    write_table(tmp_path / "data.csv", t=stamps[::-1].astype(str))
    code = run(
        "fit", tmp_path / "data.csv", "--time", "t", "--columns", "x", "--out", tmp_path / "run", *tiny
    )  # fmt: skip
    message = capsys.readouterr().err
    assert code == 0
    assert "order" not in message
    assert "UTC" in message


def test_resume_takes_no_file(work, capsys, run):
    assert run("fit", work / "data.csv", "--resume", work / "run") == 2
    assert run("fit", "--resume", work / "run", "--steps", 50, "--kinetic-weight", 1) == 2
    assert "Drop --kinetic-weight, --steps" in capsys.readouterr().err.replace("\n", " ")
    assert run("fit", "--resume", work / "nothing") == 2
    assert run("fit") == 2
    assert "--out" in capsys.readouterr().err


def test_a_killed_fit_resumes_bit_for_bit(tmp_path, run, tiny):
    data = write_table(tmp_path / "data.csv")
    command = [
        sys.executable, "-m", "conservax", "fit", str(data), "--time", "t", "--columns", "x", "y",
        *tiny, "--steps", "3000", "--noise", "0", "--time-noise", "0",
    ]  # fmt: skip
    # Each of them compiles by itself, as on another machine.
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "CONSERVAX_CACHE": "off"}
    whole = [*command, "--out", str(tmp_path / "whole")]
    subprocess.run(whole, check=True, env=environment, capture_output=True)
    broken = tmp_path / "broken"
    victim = subprocess.Popen(
        [*command, "--out", str(broken)], env=environment, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not (broken / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    assert not (broken / "model.conservax").exists()
    subprocess.run(
        [sys.executable, "-m", "conservax", "fit", "--resume", str(broken)],
        check=True, env=environment, capture_output=True,
    )  # fmt: skip
    for name in ("metrics.csv", "checkpoint.safetensors"):
        assert (broken / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.slow
def test_an_interrupted_fit_prints_how_to_resume(tmp_path, tiny):
    data = write_table(tmp_path / "data.csv")
    out = tmp_path / "run"
    # In the background, as of `nohup`, interrupts are ignored.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from conservax.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "fit", str(data), "--out", str(out), *tiny,
         "--steps", "100000", "--validation", "0"],
        env=os.environ | {"JAX_PLATFORMS": "cpu"}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (out / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    message = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert f"conservax fit --resume {out}" in message.replace("\n", "")


def test_a_flag_takes_several_values():
    assert repeat_flag("--c", ["f", "--c", "x", "y", "--out", "z"]) == [
        "f", "--c", "x", "--c", "y", "--out", "z",
    ]  # fmt: skip
    assert repeat_flag("--c", ["--c", "x", "--c", "y"]) == ["--c", "x", "--c", "y"]
    assert repeat_flag("--c", ["--c"]) == ["--c"]
    assert repeat_flag("--c", ["--c", "--out", "z"]) == ["--c", "--out", "z"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Give growth_weight=0.1.", "Give --growth-weight 0.1."),
        ("expected total_mass as {time: size}", "expected --total-mass as {time: size}"),
        ("Raise memory_rows.", "Raise --memory-rows."),
        ("or pass force=True.", "or pass --force."),
        ("expected time 'when' in the steps", "expected time 'when' in the steps"),
        ("x.memory_rows_of and total_masses", "x.memory_rows_of and total_masses"),
    ],
)
def test_messages_of_the_library_name_flags_on_the_command_line(message, shown):
    assert as_flags(message) == shown

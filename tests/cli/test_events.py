"""Commands for point processes: fit, score, sample, check, report."""

import json

import numpy as np
import pytest

from conservax.data import pinwheel_hawkes

READING = ["--time", "h", "--columns", "east", "north", "--sequence", "day", "--window", "30"]
SMALL = ["--steps", "2", "--components", "10", "--width", "4"]


@pytest.fixture(scope="module")
def work(tmp_path_factory, run):
    folder = tmp_path_factory.mktemp("work")
    t, x, day = pinwheel_hawkes(np.random.default_rng(0), 40)
    lines = [f"{d},{h},{a},{b}" for d, h, (a, b) in zip(day, t, x, strict=True)]
    (folder / "events.csv").write_text("day,h,east,north\n" + "\n".join(lines))
    assert (
        run(
            "fit",
            folder / "events.csv",
            *READING,
            "--model",
            "point-process",
            *SMALL,
            "--out",
            folder / "run",
        )
        == 0
    )
    return folder


def test_scores_are_those_of_times_and_of_locations(work, capsys, run):
    capsys.readouterr()
    assert run("score", work / "run", work / "events.csv", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    ours = found["scores"][0]
    assert found["windows"] == 40
    assert found["nll"] == pytest.approx(ours["temporal"] + ours["spatial_raw"])
    assert len(found["scores"]) == 5


def test_draws_are_whole_windows(work, run):
    assert run("sample", work / "run", "-n", 3, "--out", work / "new.csv") == 0
    header, *rows = (work / "new.csv").read_text().splitlines()
    assert header == "window,h,east,north"
    assert {int(row.split(",")[0]) for row in rows} == {0, 1, 2}


def test_check_reports_times_counts_and_locations(work, capsys, run):
    capsys.readouterr()
    code = run("check", work / "run", "--json")
    found = json.loads(capsys.readouterr().out)
    assert code == (0 if found["passed"] else 1)
    names = {result["name"] for result in found["results"]}
    assert names >= {"rescaled times", "count mean", "count spread", "locations", "samples", "mass"}
    by_name = {result["name"]: result for result in found["results"]}
    assert by_name["samples"]["passed"]  # however badly it was fitted
    assert by_name["mass"]["passed"]


def test_the_report_is_one_page_without_scripts(work, run):
    assert run("report", work / "run") == 0
    page = (work / "run" / "report.html").read_text()
    for words in ("Event counts", "time rescaling", "Dispersion", "Poisson, "):
        assert words in page
    assert "<script" not in page
    assert "$" not in page.split("</style>")[1].split("<h2")[0]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            ["transport", "run", "events.csv", "--from", 1, "--to", 2, "--out", "m.csv"],
            "expected a model of rows; got a point process",
        ),
        (["sample", "run", "-n", 3, "--time", 1, "--out", "b.csv"], "no --time"),
        (
            ["fit", "events.csv", *READING[:5], "--model", "point-process", "--out", "r"],
            "--sequence COLUMN",
        ),
        (
            [
                "fit",
                "events.csv",
                *READING,
                "--model",
                "point-process",
                "--kinetic-weight",
                1,
                "--out",
                "r",
            ],
            "--kinetic-weight",
        ),
        (
            [
                "fit",
                "events.csv",
                *READING,
                "--model",
                "point-process",
                "--growth-weight",
                1,
                "--out",
                "r",
            ],
            "--growth-weight",
        ),
    ],
)
def test_what_a_point_process_does_not_have_is_refused(
    work, command, words, monkeypatch, capsys, run
):
    monkeypatch.chdir(work)
    assert run(*command) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (work / "r").exists()


def test_degrees_of_a_plain_table_are_checked_and_the_calendar_is_kept(work, capsys, run, tiny):
    lines = ["t,lon,lat", *(f"{n},{n},{n / 2}" for n in range(60))]
    (work / "fine.csv").write_text("\n".join(lines))
    (work / "wrong.csv").write_text("\n".join([*lines, "60,200,0"]))
    tiny = ["--steps", "2", "--width", "4", "--depth", "1", "--components", "2", "--degrees"]
    assert run("fit", work / "fine.csv", *tiny, "--out", work / "fine") == 0
    assert "60 rows" in capsys.readouterr().out
    assert run("fit", work / "wrong.csv", *tiny, "--out", work / "wrong") == 2
    assert "column 'lon', row 62: expected degrees" in " ".join(capsys.readouterr().err.split())
    assert not (work / "wrong").exists()
    assert run("fit", work / "fine.csv", "--stride", 3, "--out", work / "wrong") == 2
    assert "--window beside --stride" in " ".join(capsys.readouterr().err.split())

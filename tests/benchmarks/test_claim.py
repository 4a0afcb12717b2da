"""The harness: options, output and exit code of a benchmark."""

import importlib
import json

import numpy as np
import pytest

from benchmarks import gaussian_transport, hodge
from benchmarks.__main__ import HERE, main, stated
from benchmarks._command_line import run_benchmark
from benchmarks.claim import SEEDS, Claim, Findings, Option, benchmark

NAMES = tuple(stated())


def measured(passed=True, also_quick=False, **more):
    """A benchmark of one claim, and a metric that is not a number."""

    @benchmark(
        seeds=Option(3, "repeats", quick=1, least=1),
        rows=Option(("one",), "names", among=("one", "two")),
    )
    def run(*, quick, seeds, rows):
        print("meanwhile")
        row = {"a": np.float32(0.5), "b": np.nan, "seeds": seeds, "rows": rows}
        claim = Claim("a", 0.5, 1.0 if passed else 0.25, also_quick=also_quick)
        return Findings([row], [claim], {"far": float("inf"), **more})

    return run


def ran(benchmark, *words):
    return run_benchmark("made_up", "About.", benchmark, words)


def code(*words):
    with pytest.raises(SystemExit) as stop:
        main(words)
    return stop.value.code


def test_a_claim_holds_up_to_its_limit():
    assert Claim("a", 1.0, 1.0).passed
    assert not Claim("a", 1.1, 1.0).passed
    assert not Claim("a", float("nan"), 1.0).passed
    assert Claim("a", 1.0, 1.0, at_least=True).passed
    assert not Claim("a", 0.9, 1.0, at_least=True).passed
    assert not Claim("a", float("nan"), 1.0, at_least=True).passed


def test_json_is_one_object_and_nothing_else(capsys):
    assert ran(measured(), "--json", "--seeds", "2", "--rows", "two", "one", "two") == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert found["rows"] == [{"a": 0.5, "b": None, "seeds": 2, "rows": ["two", "one"]}]
    assert found["claims"] == [{"name": "a", "value": 0.5, "limit": 1.0, "passed": True}]
    assert found["far"] is None
    assert "meanwhile" in printed.err


@pytest.mark.parametrize(
    ("passed", "also_quick", "words", "ends"),
    [
        (True, False, [], 0),
        (False, False, [], 1),
        (False, False, ["--json"], 1),
        (False, False, ["--quick"], 0),
        (False, True, ["--quick"], 1),
    ],
)
def test_a_missed_claim_is_an_exit_code(passed, also_quick, words, ends, capsys):
    assert ran(measured(passed, also_quick), *words) == ends
    if "--json" not in words:
        assert ("PASS" if passed else "FAIL") in capsys.readouterr().out


def test_defaults_of_the_quick_form_are_its_own():
    assert measured()(quick=False).rows[0]["seeds"] == 3
    assert measured()(quick=True).rows[0]["seeds"] == 1
    assert measured()(quick=True, seeds=5).rows[0]["seeds"] == 5
    with pytest.raises(TypeError, match="expected options seeds, rows"):
        measured()(quick=True, other=1)


def test_tables_and_text_beside_the_rows_are_shown(capsys):
    assert ran(measured(growth=[{"size": 64}], published="Figure 1 [a2024]")) == 0
    shown = capsys.readouterr().out
    for word in ("growth", "size", "64", "published: Figure 1 [a2024]"):
        assert word in shown


def test_many_metrics_of_few_rows_are_shown_below_each_other(capsys):
    many = {f"metric {n}": float(n) for n in range(20)}
    assert ran(benchmark(seeds=SEEDS)(lambda **_: Findings([many]))) == 0
    assert "metric 19" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rows", "three"], "expected --rows of one, two; got ['three']"),
        (["--seeds", "0"], "expected --seeds of at least 1; got 0"),
        (["--pictures"], "unrecognized arguments: --pictures"),
    ],
)
def test_options_and_names_that_are_not_known_are_refused(words, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        ran(measured(), *words)
    assert said in capsys.readouterr().err


def test_benchmarks_that_are_not_known_are_refused(capsys):
    assert code("nothing") == 2
    assert "expected a benchmark of control" in capsys.readouterr().err


def test_every_file_is_in_the_list(capsys):
    parts = {"claim", "data_folder"}
    files = {path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_")} - parts
    assert set(NAMES) == files
    assert code() == 0
    lines = capsys.readouterr().out.splitlines()
    for name, about in stated().items():
        assert any(name in line and about.splitlines()[0] in line for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_has_help(name, capsys):
    assert code(name, "--help") == 0
    said = capsys.readouterr().out
    for option in ("quick", "json", *importlib.import_module(f"benchmarks.{name}").run.options):
        assert f"--{option.replace('_', '-')}" in said


def test_hyphens_are_as_good_as_underscores(capsys):
    assert code("fokker-planck", "--help") == 0


def test_benchmarks_are_functions_too(monkeypatch, tmp_path):
    monkeypatch.setattr(hodge, "bench_hodge", lambda rows, **_: rows)
    monkeypatch.setattr(hodge, "keep", lambda work, out, force: (work(), out, force))
    assert hodge.run(quick=True, out=tmp_path) == ((), tmp_path, False)
    assert hodge.run(quick=False, rows=("25",), force=True)[0] == ("25",)


def test_every_seed_is_held_to_the_limit(monkeypatch):
    monkeypatch.setattr(gaussian_transport, "learn", lambda ends, stages, seed: stages)
    measured = [{"error": 0.01}, {"error": 0.03}]
    monkeypatch.setattr(gaussian_transport, "metrics_of", lambda law, ends, seed: measured[seed])
    found = gaussian_transport.run(quick=True, seeds=2)
    assert [claim.passed for claim in found.claims] == [True, False]

"""Table 1: its data sets, and the table of values."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.data_folder import data_folder
from benchmarks.events import claim_of
from benchmarks.papers import _event_models as models
from benchmarks.papers import _events as runner
from benchmarks.papers._event_models import COMPETITORS, Fitted, fit_kernel_mixture
from benchmarks.papers._event_sets import EVENT_SETS, _days
from benchmarks.papers._event_sets import _events as laid
from benchmarks.papers._events import EventRow, bench_events, bounded_rows, table_of
from benchmarks.papers._fit_flow import FLOW_STEPS
from benchmarks.papers._pictures import draw_fluxes
from conservax.data import DataError, EventSplit, Units, pinwheel_hawkes


def row(value, *, data="pinwheel", model="kernel mixture", seed=0, temporal=None, events=70_000):
    return EventRow(data, model, seed, value, value + 1, temporal, events, 2.0)


def small_pinwheel(seed):
    t, x, sequence = pinwheel_hawkes(np.random.default_rng(seed), 60)
    whole = laid(t, x, np.bincount(sequence, minlength=60), 30.0, "pinwheel")
    return EventSplit(*(whole.take(np.arange(*ends)) for ends in ((0, 40), (40, 50), (50, 60))))


def test_the_table_has_mean_and_deviation_over_seeds():
    table = table_of([row(2.2), row(2.4, seed=1), row(2.1, model="other")])
    assert table["model"].tolist() == ["other", "kernel mixture"]
    ours = table.iloc[1]
    assert ours["standardised"] == pytest.approx(2.3)
    assert ours["deviation"] == pytest.approx(np.std([2.2, 2.4], ddof=1))
    assert ours["seeds"] == 2


def test_values_below_the_entropy_are_mistakes():
    fine, wrong, elsewhere = row(2.166), row(2.164), row(0.1, data="citibike")
    conditioned = row(1.6, model="point process", temporal=0.1)
    lucky = row(2.15, events=1000)
    bounded = bounded_rows([fine, wrong, elsewhere, conditioned, lucky])
    assert bounded == [fine, wrong]
    assert [claim_of(row).passed for row in bounded] == [True, False]


def test_a_quick_run_looks_at_whole_windows_of_few_events(monkeypatch):
    seen = []
    split = small_pinwheel(0)

    def score(data, split, seed, quick):
        seen.append(split.test)
        yield Fitted("mine", 2.2, None, 1.0)

    monkeypatch.setitem(EVENT_SETS, "small", replace(EVENT_SETS["pinwheel"], load=lambda _: split))
    monkeypatch.setitem(models.COMPETITORS, "mine", score)
    monkeypatch.setattr(runner, "QUICK_EVENTS", 100)
    for quick in (True, False):
        list(bench_events(["small"], ["mine"], seeds=1, quick=quick))
    few, all_of_them = seen
    assert few.sequences == round(all_of_them.sequences * 100 / len(all_of_them))
    np.testing.assert_array_equal(few.starts[[0, -1]], all_of_them.starts[[0, -1]])
    assert len(all_of_them) == len(split.test)


def test_missing_data_say_where_they_were_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("CONSERVAX_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    for name, known in EVENT_SETS.items():
        if name != "pinwheel":
            with pytest.raises(DataError, match=r"Set CONSERVAX_DATA.*Origin: .*https://"):
                known.load(0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["events", "--rows", "mars"],
        ["events", "--models", "x"],
        ["events", "--out", "taken.csv"],
    ],
)
def test_what_the_command_refuses(arguments, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.csv").write_text("mine")
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert (tmp_path / "taken.csv").read_text() == "mine"


def test_pictures_are_not_written_over_without_force(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new-pinwheel.png").write_text("mine")
    with pytest.raises(SystemExit) as stop:
        main(["events", "--rows", "pinwheel", "--pictures", "--out", "new.csv"])
    assert stop.value.code == 2
    assert "new-pinwheel.png: expected a name that is free" in capsys.readouterr().err
    assert not (tmp_path / "new.csv").exists()


def test_the_help_says_where_the_data_are_from(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "250")
    with pytest.raises(SystemExit):
        main(["events", "--help"])
    said = capsys.readouterr().out
    assert "CONSERVAX_DATA" in said
    for known in EVENT_SETS.values():
        assert known.origin.split(",")[0] in said


def test_windows_of_one_day_are_found_by_the_trips_they_share():
    """Three days, five thinnings each: every event of a day is in a thinning with chance 0.3."""
    rng = np.random.default_rng(0)
    days = [np.sort(rng.uniform(0, 24, 200)) for _ in range(3)]
    which = rng.permutation(np.repeat(np.arange(3), 5))
    windows = [days[day][rng.uniform(size=200) < 0.3] for day in which]
    t = np.concatenate(windows)
    x = rng.normal(size=(len(t), 2))
    found = _days(laid(t, x, np.array([len(w) for w in windows]), 24.0, "trips"), 3)
    assert len(set(found)) == len(set(zip(found, which, strict=True))) == 3


def test_all_models_at_all_steps_are_scored_on_the_same_events(monkeypatch):
    def competitor(name):
        def score(data, split, seed, quick):
            assert (data, quick) == ("pinwheel", True)
            yield Fitted(name, 2.5 + seed, None, 1.0)

        return score

    for name in COMPETITORS:
        monkeypatch.setitem(COMPETITORS, name, competitor(name))
    known = EVENT_SETS["pinwheel"].__class__("P", small_pinwheel, "here", {})
    monkeypatch.setitem(EVENT_SETS, "pinwheel", known)
    rows = list(bench_events(["pinwheel"], seeds=2, quick=True))
    assert [r.model for r in rows] == [*COMPETITORS] * 2
    for r in rows:
        volume = Units.of(small_pinwheel(r.seed).train.table()).log_volume
        assert r.raw == pytest.approx(r.standardised + volume)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPETITORS)
def test_every_model_fits(name, monkeypatch):
    monkeypatch.setattr(models, "steps_of", lambda full, *_: 20)
    monkeypatch.setitem(FLOW_STEPS, True, 20)
    found = list(COMPETITORS[name]("pinwheel", small_pinwheel(0), 0, True))
    assert len(found) == (4 if name == "classical" else 1)
    for fitted in found:
        assert 1.0 < fitted.spatial < 4.0
        assert (fitted.temporal is not None) == (name == "point-process")
        assert fitted.seconds > 0


@pytest.mark.slow
def test_fluxes_are_drawn(tmp_path):
    split = small_pinwheel(0)
    draw_fluxes(
        fit_kernel_mixture("pinwheel", split, 0, True), split.test.table(), tmp_path / "f.png"
    )
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")

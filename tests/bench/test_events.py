"""Table 1: its data sets, and what is made of the figures."""

import numpy as np
import pytest

from conservax.bench import EVENT_SETS, EventRow, bench_events, table_of, too_good
from conservax.bench import _events as events
from conservax.bench._event_sets import _events as laid
from conservax.bench._event_sets import data_folder
from conservax.bench._fit_flow import FLOW_STEPS
from conservax.cli import main
from conservax.data import DataError, EventSplit, pinwheel_hawkes


def row(figure, *, data="pinwheel", model="diagonal", seed=0):
    return EventRow(data, model, seed, figure, figure + 1, 100, 2.0)


def small_pinwheel(seed):
    t, x, sequence = pinwheel_hawkes(np.random.default_rng(seed), 60)
    whole = laid(t, x, np.bincount(sequence, minlength=60), 30.0, "pinwheel")
    return EventSplit(*(whole.take(np.arange(*ends)) for ends in ((0, 40), (40, 50), (50, 60))))


def test_the_table_has_mean_and_deviation_over_seeds():
    table = table_of([row(2.2), row(2.4, seed=1), row(2.1, model="other")])
    assert table["model"].tolist() == ["other", "diagonal"]
    ours = table.iloc[1]
    assert ours["standardised"] == pytest.approx(2.3)
    assert ours["deviation"] == pytest.approx(np.std([2.2, 2.4], ddof=1))
    assert ours["seeds"] == 2


def test_figures_below_the_entropy_are_mistakes():
    fine, wrong, elsewhere = row(2.166), row(2.164), row(0.1, data="citibike")
    assert too_good([fine, wrong, elsewhere]) == [wrong]


def test_missing_data_say_where_they_were_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("CONSERVAX_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    for name, known in EVENT_SETS.items():
        if name != "pinwheel":
            with pytest.raises(DataError, match="Set CONSERVAX_DATA"):
                known.load(0)


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["events", "--rows", "mars"], ["events", "--out", "taken.csv"]]
)
def test_what_the_command_refuses(arguments, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.csv").write_text("mine")
    with pytest.raises(SystemExit) as stop:
        main(["bench", *arguments])
    assert stop.value.code == 2
    assert (tmp_path / "taken.csv").read_text() == "mine"


@pytest.mark.slow
def test_every_model_is_scored_on_the_same_events(monkeypatch):
    monkeypatch.setitem(events.STEPS, True, 20)
    monkeypatch.setitem(FLOW_STEPS, True, 20)
    monkeypatch.setitem(
        EVENT_SETS, "pinwheel", EVENT_SETS["pinwheel"].__class__("P", small_pinwheel, {})
    )
    rows = list(bench_events(["pinwheel"], seeds=1, quick=True))
    assert len({r.model for r in rows}) == len(rows) == len(events.OURS) + 5
    assert len({r.events for r in rows}) == 1
    assert all(np.isfinite(r.standardised) for r in rows)

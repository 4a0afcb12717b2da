"""Tables 2 and 3: the protocol of their data, and the tables of metrics."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.papers._snapshot_models import (
    OTHER_SETTINGS,
    RECIPES,
    SNAPSHOT_COMPETITORS,
    SNAPSHOT_SETTINGS,
    FittedPopulation,
    SnapshotSettings,
    settings_of,
)
from benchmarks.papers._snapshot_pictures import draw_snapshots
from benchmarks.papers._snapshot_sets import (
    SNAPSHOT_SETS,
    Published,
    SnapshotSet,
    SnapshotTask,
    held_out,
    leave_out_time,
    table_of_cells,
)
from benchmarks.papers._snapshots import (
    REAL,
    USUAL_SETS,
    SnapshotRow,
    bench_snapshots,
    frame_of,
    snapshot_means,
    snapshot_table,
)
from conservax.check import Population, SnapshotMetric, TransportMethod
from conservax.data import DataError, by_time

STEP = np.array([1.0, 2.0])


def small_task(seed=0, cells=40):
    """Three snapshots of a cloud that is shifted by a step a unit of time."""
    rng = np.random.default_rng(seed)

    def draw():
        return {t: rng.normal(size=(cells, 2)) + t * STEP for t in (0.0, 1.0, 2.0)}

    train = draw()
    table = table_of_cells(train, ("a", "b"), "clouds")
    return SnapshotTask("all times", table, draw(), train, (0.0, 1.0, 2.0))


@pytest.fixture
def clouds(monkeypatch):
    """A data set of small tasks, and a model that only shifts."""

    def transport(x, start, end, seed):
        return x + (end - start) * STEP

    def shift(task, settings, seed, quick):
        yield FittedPopulation(
            "shift", Population(methods={"shift": TransportMethod(transport)}), 1.5
        )

    known = SnapshotSet("Clouds", lambda seed: [small_task(seed)], "here", ("shift",), ("shift",))
    monkeypatch.setitem(SNAPSHOT_SETS, "clouds", known)
    monkeypatch.setitem(SNAPSHOT_SETTINGS, "clouds", SnapshotSettings())
    monkeypatch.setitem(SNAPSHOT_COMPETITORS, "shift", shift)


def stored(tmp_path, monkeypatch):
    """A file like that of the embryoid body, of few cells and known moments."""
    rng = np.random.default_rng(0)
    arrays = {"mean_full": np.arange(5.0), "std_full": np.array([1.0, 2.0, 3.0, 4.0, 5.0])}
    for name, count in (("train", 8), ("test", 4)):
        arrays[f"t_{name}"] = np.repeat(np.arange(5), count).astype(np.int8)
        arrays[f"X_{name}"] = rng.normal(size=(5 * count, 5)).astype(np.float32)
    (tmp_path / "embryoid_body").mkdir()
    np.savez(tmp_path / "embryoid_body" / "eb_5pc.npz", **arrays)
    monkeypatch.setenv("CONSERVAX_DATA", str(tmp_path))
    return arrays


def test_the_embryoid_body_is_in_units_of_the_full_data(tmp_path, monkeypatch):
    arrays = stored(tmp_path, monkeypatch)
    (task,) = SNAPSHOT_SETS["eb"].tasks(0)
    restored = task.test[3.0] * arrays["std_full"] + arrays["mean_full"]
    np.testing.assert_allclose(restored, arrays["X_test"][arrays["t_test"] == 3], rtol=1e-6)
    assert len(task.train) == 40
    assert task.evaluated == (0.0, 1.0, 2.0, 3.0, 4.0)


def test_a_time_left_out_is_not_trained_on_and_is_evaluated(tmp_path, monkeypatch):
    stored(tmp_path, monkeypatch)
    tasks = SNAPSHOT_SETS["leave-one-out"].tasks(0)
    assert [task.evaluated for task in tasks] == [(1.0,), (2.0,), (3.0,)]
    for task in tasks:
        assert set(by_time(task.train)) == {0.0, 1.0, 2.0, 3.0, 4.0} - set(task.evaluated)
    everything = SNAPSHOT_SETS["leave-one-out-all"].tasks(0)
    assert [len(task.test[task.evaluated[0]]) for task in everything] == [12, 12, 12]
    with pytest.raises(DataError, match="to leave out; got 4"):
        leave_out_time(SNAPSHOT_SETS["eb"].tasks(0)[0], 4.0)


@pytest.mark.parametrize("name", ["lotka-volterra", "repressilator"])
def test_systems_are_trained_at_even_times_and_evaluated_at_odd_ones_by_other_cells(name):
    (task,) = SNAPSHOT_SETS[name].tasks(0)
    trained = by_time(task.train)
    assert list(trained) == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert task.evaluated == (1.0, 3.0, 5.0, 7.0, 9.0)
    assert all(len(cells) == 200 for cells in (*trained.values(), *task.test.values()))
    for t, cells in trained.items():
        assert np.abs(cells[:, None] - task.test[t]).sum(-1).min() > 0
        assert np.abs(task.others[t][:, None] - task.test[t]).sum(-1).min() > 0


def rows_in(*arrays):
    return {tuple(row) for array in arrays for row in np.asarray(array)}


def test_settings_are_chosen_without_a_test_cell():
    task = small_task()
    tuning = held_out(task, fraction=0.25)
    kept, evaluated = by_time(tuning.train), tuning.test
    for t, cells in by_time(task.train).items():
        assert len(evaluated[t]) == 10  # of snapshots of one size; see below
        assert rows_in(kept[t], evaluated[t]) == rows_in(cells)
        assert not rows_in(kept[t]) & rows_in(evaluated[t])
    assert not rows_in(tuning.train.x, *evaluated.values()) & rows_in(*task.test.values())
    with pytest.raises(DataError, match="cells on both sides"):
        held_out(task, fraction=0.0)


def test_all_snapshots_are_evaluated_on_as_many_cells_so_that_there_is_a_floor():
    task = small_task()
    more = table_of_cells(
        {t: np.repeat(x, 1 + (t == 1), axis=0) for t, x in by_time(task.train).items()},
        ("a", "b"),
        "clouds",
    )
    tuning = held_out(replace(task, train=more, others=by_time(more)))
    assert [len(cells) for cells in tuning.test.values()] == [20, 20, 20]
    assert [len(cells) for cells in by_time(tuning.train).values()] == [20, 60, 20]


def test_a_time_left_out_is_left_out_of_validation_too():
    task = held_out(leave_out_time(small_task(), 1.0))
    assert set(by_time(task.train)) == {0.0, 2.0}
    assert task.evaluated == (1.0,)
    assert len(task.test[1.0]) == len(task.others[1.0]) == 20
    assert not rows_in(*task.test.values()) & rows_in(*small_task().test.values())


def test_missing_cells_say_where_they_were_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("CONSERVAX_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"Set\s+CONSERVAX_DATA.*TrajectoryNet"):
        next(bench_snapshots(["lotka-volterra", "eb"]))


def test_every_set_has_settings_and_models_that_exist():
    assert set(SNAPSHOT_SETS) == set(SNAPSHOT_SETTINGS)
    for known in SNAPSHOT_SETS.values():
        assert set(known.models) <= set(SNAPSHOT_COMPETITORS)
        assert set(known.quick_models) <= set(known.models)
    assert "leave-one-out-all" not in USUAL_SETS


def test_a_model_may_have_settings_of_its_own(monkeypatch):
    own = SnapshotSettings(steps=7)
    monkeypatch.setitem(OTHER_SETTINGS, ("eb", "sigmoid"), own)
    assert settings_of("eb", "sigmoid") is own
    assert settings_of("eb", "autoregressive") is SNAPSHOT_SETTINGS["eb"]


def test_every_model_is_evaluated_at_every_time_from_every_seed(clouds):
    seen = []
    rows = list(
        bench_snapshots(
            ["clouds"], seeds=2, quick=True, on_fitted=lambda *what: seen.append(what[3])
        )
    )
    ours = [row for row in rows if row.model == "shift"]
    assert [(row.seed, row.metric.time) for row in ours] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert all(row.metric.displacement == pytest.approx(5) for row in ours)
    assert all(row.seconds == 1.5 for row in ours)
    assert {row.metric.method for row in rows if row.model == REAL} == {
        "real cells (floor)",
        "other real cells",
        "previous snapshot",
        "random coupling",
    }
    assert seen == [0, 1]


def test_validation_evaluates_on_training_cells(clouds):
    rows = [r for r in bench_snapshots(["clouds"], seeds=1, validation=True) if r.model == "shift"]
    assert {(row.metric.samples, row.metric.cells) for row in rows} == {(20, 20)}
    assert all(np.isfinite(row.metric.excess_w2) for row in rows)


def run(*arguments):
    """Exit code of a command."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code


def row(w2, *, time=1.0, seed=0, start=float("nan"), **more):
    metric = SnapshotMetric(time, "direct", 10, 10, start, w1=w2 / 2, w2=w2, **more)
    return SnapshotRow("eb", "all times", "ours", seed, 3.0, metric)


def test_the_table_has_means_and_deviations_over_seeds():
    table = snapshot_table(frame_of([row(1.0), row(1.4, seed=1), row(3.0, time=2.0)]))
    first, second = table.to_dict("records")
    assert first["w2"] == pytest.approx(1.2)
    assert first["w2_deviation"] == pytest.approx(np.std([1.0, 1.4], ddof=1))
    assert (first["seeds"], second["seeds"]) == (2, 1)
    assert second["w2"] == 3.0


def test_means_over_times_leave_out_the_first_and_hide_no_failure():
    moves = {"displacement": 6.0, "least": 5.0, "w2_squared": 4.0, "failed": 0.1}
    rows = [row(9.0, time=0.0), row(1.0, start=0.0, **moves), row(2.0, time=2.0, **moves)]
    (mean,) = snapshot_means(frame_of(rows)).to_dict("records")
    assert mean["w2"] == pytest.approx(1.5)
    assert mean["moved"] == pytest.approx(1.5)
    assert mean["detour"] == pytest.approx(0.2)
    assert mean["failed"] == pytest.approx(0.1)
    failed = row(float("nan"), time=3.0)
    (mean,) = snapshot_means(frame_of([*rows, failed])).to_dict("records")
    assert np.isnan(mean["w2"])


def test_classical_bars_draw_at_trained_times_and_lines_in_between():
    task = small_task(cells=60)
    found = list(SNAPSHOT_COMPETITORS["classical"](task, SnapshotSettings(), 0, True))
    assert [fitted.model for fitted in found] == [
        "kernel density per snapshot",
        "Gaussian mixture per snapshot",
        "OT interpolation",
    ]
    times = np.repeat([0.0, 2.0], 300)
    for fitted in found:
        drawn = fitted.population.sample(times, 0)
        for t in (0.0, 2.0):
            middle = drawn[times == t].mean(axis=0)
            np.testing.assert_allclose(middle, by_time(task.train)[t].mean(axis=0), atol=0.35)
    (lines,) = SNAPSHOT_COMPETITORS["classical"](
        leave_out_time(task, 1.0), SnapshotSettings(), 0, True
    )
    middle = lines.population.sample(np.full(300, 1.0), 0).mean(axis=0)
    np.testing.assert_allclose(middle, STEP, atol=0.35)
    transported = lines.population.methods["optimal coupling"].transport(
        task.test[0.0], 0.0, 1.0, 0
    )
    np.testing.assert_allclose(transported.mean(axis=0), STEP, atol=0.35)


def test_the_command_writes_metrics_and_prints_json(clouds, tmp_path, capsys):
    out = tmp_path / "tables"
    arguments = ["snapshots", "--rows", "clouds", "--quick", "--json", "--out", str(out)]
    assert run(*arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    metrics = pd.read_csv(out / "metrics.csv")
    assert set(metrics["model"]) == {REAL, "shift"}
    assert (out / "clouds.png").read_bytes().startswith(b"\x89PNG")
    ours = [line for line in answer["means"] if line["model"] == "shift"]
    assert ours[0]["detour"] == pytest.approx(0, abs=1e-9)
    assert len(pd.read_csv(out / "table.csv")) == len(answer["rows"])
    assert run(*arguments) == 2  # the folder is taken


def test_the_tables_on_the_terminal_have_published_values_beside_ours(clouds, tmp_path, capsys):
    known = replace(
        SNAPSHOT_SETS["clouds"],
        published=(
            Published("Theirs [a2024]", "w2", (0.5,), (0.01,), (1.0,)),
            Published("Others", "w1", (0.79,), (0.068,)),
            Published("Third", "displacement", (2.85,), (), (2.0,)),
        ),
    )
    SNAPSHOT_SETS["clouds"] = known
    out = str(tmp_path / "t")
    assert run("snapshots", "--rows", "clouds", "--seeds", "1", "--quick", "--out", out) == 0
    shown = capsys.readouterr().out
    for whole in ("0.790", "±0.068", "0.500", "±0.010", "2.85", "[a2024]"):
        assert whole in shown  # 80 columns cut no number


@pytest.mark.parametrize(
    "arguments",
    [
        ["snapshots", "--rows", "mars"],
        ["snapshots", "--models", "kernel-mixture"],
        ["snapshots", "--pictures"],
        ["events", "--validation"],
        ["snapshots", "--rows", "lotka-volterra", "--out", "taken"],
    ],
)
def test_what_the_command_refuses(arguments, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("mine")
    assert run(*arguments) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_fits_and_is_evaluated(name, tmp_path):
    task = small_task()
    settings = SnapshotSettings(components=3, width=16, depth=1, laws=2, steps=20)
    (fitted,) = SNAPSHOT_COMPETITORS[name](task, settings, 0, True)
    assert "ODE" in fitted.population.methods
    assert ("SDE" in fitted.population.methods) == (name == "reference")  # the only one with noise
    # Without a divergence-free part the flux of Knothe and Rosenblatt has a closed map.
    closed = name in ("knothe-rosenblatt", "reference")
    assert ("flow map" in fitted.population.methods) == closed
    drawn = fitted.population.sample(np.full(30, 1.0), 0)
    assert np.isfinite(drawn).all()
    draw_snapshots("Clouds", task, fitted, tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 0

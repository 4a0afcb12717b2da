"""Point processes in the units of their table."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import poisson
from sklearn.cluster import KMeans

import conservax
from conservax import EventModel, HoldOut, Training
from conservax.baseline import fit_kernel_density
from conservax.data import DataError, Events, pinwheel_hawkes, split_events
from conservax.fitting import open_run
from conservax.models import KernelMixture, PointProcess
from conservax.scoring import event_scores
from conservax.train import CHECKPOINT
from oracles import compiled, to_float32

TINY = PointProcess(components=40, state_size=8, width=8)
TESTED = HoldOut(test=0.2)


def fit_events(data, steps=60, **how):
    """A small model in a few steps."""
    return conservax.fit_events(data, model=TINY, training=quickly(steps), **how)


def quickly(steps):
    return Training(steps=steps, progress=False)


def hawkes(windows=80, seed=0, time=1.0, space=1.0):
    """Windows of the pinwheel, in stretched units."""
    t, x, sequence = pinwheel_hawkes(np.random.default_rng(seed), windows)
    return Events(
        np.minimum(t, 30.0) * time,
        x * space,
        sequence,
        np.arange(float(windows)),
        30.0 * time,
        ("east", "north"),
        "h",
        "number",
        "hawkes",
        sequence_name="day",
    )


@pytest.fixture(scope="module")
def model():
    return fit_events(hawkes(), holdout=TESTED)


PAST, PAST_X = [3.0, 4.5, 4.6], [[1.0, 0.5], [-1.0, 0.2], [0.3, -1.5]]


def test_the_rate_integrated_over_locations_is_the_hazard_of_the_next_draw(model):
    axes = np.linspace(-9, 9, 61)
    points = np.stack(np.meshgrid(axes, axes, indexing="ij"), axis=-1).reshape(-1, 2)
    cell = (axes[1] - axes[0]) ** 2
    ages = np.linspace(0, 2, 41)[1:] ** 2  # hours since the last event, dense where rates change
    hazard = [
        np.exp(model.log_intensity(4.6 + age, points, PAST, PAST_X)).sum() * cell for age in ages
    ]
    hazard = np.array([hazard[0], *hazard])
    steps = np.diff([0.0, *ages])
    survival = np.exp(-np.cumsum(0.5 * (hazard[1:] + hazard[:-1]) * steps))
    drawn = model.next_event(PAST, PAST_X, 20_000)
    assert list(drawn) == ["h", "east", "north"]
    for index in (10, 20, 39):
        later = np.mean(drawn["h"] - 4.6 > ages[index])
        assert survival[index] == pytest.approx(later, abs=0.02)


def test_a_window_is_as_likely_as_its_events_one_by_one(model):
    """Rates of the events times the survival between them, from draws."""
    one = hawkes().take(np.array([0]))
    found = model.log_likelihood(one)
    t, x = one.t, one.x
    rates = sum(float(model.log_intensity(t[n], x[n], t[:n], x[:n])[0]) for n in range(len(one)))
    assert found.events[0] == len(one)
    # Chance that draws of the next event come later than it did, or than the end of the window.
    survival = 0.0
    for n in range(len(one) + 1):
        until = t[n] if n < len(one) else 30.0
        later = np.mean(model.next_event(t[:n], x[:n], 4000)["h"] > until)
        survival += np.log(later)
    total = rates + survival
    assert float(found.temporal[0] + found.spatial[0]) == pytest.approx(total, abs=1.0)


def test_units_only_shift_the_likelihood(model):
    """Hours to minutes and km to m: log densities fall by the logarithm of the factors."""
    stretched = fit_events(hawkes(time=60.0, space=1000.0), holdout=TESTED)
    here, there = (
        model.log_likelihood(hawkes()),
        stretched.log_likelihood(hawkes(time=60.0, space=1000.0)),
    )
    np.testing.assert_allclose(there.temporal, here.temporal - here.events * np.log(60), atol=0.05)
    np.testing.assert_allclose(
        there.spatial, here.spatial - 2 * here.events * np.log(1000), atol=0.05
    )


def test_simulated_windows_are_windows_of_the_data(model):
    drawn = model.simulate(50, seed=1)
    assert drawn.columns == ("east", "north")
    assert drawn.length == 30.0
    assert drawn.sequences == 50
    again = model.simulate(50, seed=1)
    np.testing.assert_array_equal(drawn.x, again.x)
    assert np.abs(drawn.x).max() < 60
    cut_off = model.simulate(50, seed=1, most_events=2)
    assert cut_off.counts.max() == 2
    assert "cut off after 2 events" in cut_off.notes[0]


def test_the_hidden_state_helps_on_self_exciting_events(model):
    ours, *others = event_scores(model, model.split.test)
    assert len(others) == 4
    assert all(ours.temporal < other.temporal for other in others)
    assert ours.joint == pytest.approx(ours.temporal + ours.spatial_raw)
    frame = model.scores()  # of the test windows
    assert frame["model"].tolist() == [score.name for score in (ours, *others)]
    assert frame["nll"][0] == ours.joint
    assert frame["nll_times"][0] == ours.temporal
    assert frame["nll_locations_raw"][0] == ours.spatial_raw
    assert frame["nll_locations"][0] == ours.spatial
    assert frame["difference"][1] == others[0].this_model_better_by


def test_settings_of_events_that_make_no_sense_are_refused():
    with pytest.raises(DataError, match="no time_noise for events"):
        conservax.fit_events(hawkes(10), training=Training(time_noise=0.1))
    with pytest.raises(DataError, match="no times to leave out of windows"):
        conservax.fit_events(hawkes(10), holdout=HoldOut(leave_out=[3]))
    for wrong in ("components", "state_size", "width", "inter_event_components"):
        with pytest.raises(DataError, match=f"expected {wrong} as a whole number from 1 on"):
            PointProcess(**{wrong: 0})
    with pytest.raises(DataError, match="triggering"):
        PointProcess(triggering=-1)
    with pytest.raises(DataError, match="components"):
        PointProcess(build=lambda condition_dim, key: None, components=3)
    with pytest.raises(TypeError, match="expected build as a function"):
        PointProcess(build=3)
    with pytest.raises(TypeError, match="growth_weight"):
        PointProcess(growth_weight=1.0)
    with pytest.raises(TypeError, match="a model of events"):
        conservax.fit_events(hawkes(10), model=KernelMixture())
    with pytest.raises(TypeError, match="a model of conservax"):
        conservax.fit(hawkes(10), model=PointProcess())


def test_the_poisson_baseline_is_that_of_scipy(model):
    """The same windows as a Poisson number of uniform times."""
    test, train = model.split.test, model.split.train
    rate = len(train) / (train.sequences * 30.0)
    count = test.counts
    # Given their number, times are uniform and in order: n! / 30^n.
    log_factorials = np.array([np.log(np.arange(1, n + 1)).sum() for n in count])
    logs = poisson(rate * 30.0).logpmf(count) + log_factorials - count * np.log(30.0)
    poisson_score = event_scores(model, test)[1]
    assert poisson_score.temporal == pytest.approx(-logs.sum() / count.sum(), rel=1e-9)


def test_differences_of_scores_have_the_errors_of_the_bootstrap_over_windows(model):
    train, validation, test = model.split
    ours, *others = event_scores(model, test)
    for other in others:
        assert other.this_model_better_by == pytest.approx(other.joint - ours.joint, abs=1e-6)
    kernels = fit_kernel_density(train.table().x, validation.table().x)
    assert others[0].name == f"Poisson, {kernels.name}"
    rate, found = len(train) / (train.sequences * 30.0), model.log_likelihood(test)
    # What each window costs, by hand, and whole windows drawn anew.
    apart = np.array(
        [
            rate * 30.0
            - n * np.log(rate)
            - kernels.log_prob(test.x[test.sequence == window]).sum()
            + found.temporal[window]
            + found.spatial[window]
            for window, n in enumerate(test.counts)
        ]
    )
    drawn = np.random.default_rng(0).integers(0, len(apart), (4000, len(apart)))
    means = apart[drawn].sum(1) / test.counts[drawn].sum(1)
    assert others[0].this_model_better_by == pytest.approx(apart.sum() / test.counts.sum())
    assert others[0].error == pytest.approx(means.std(), rel=0.15)
    assert others[0].comparison.startswith("better by")
    assert (ours.this_model_better_by, ours.error) == (0.0, 0.0)


def test_other_sequences_are_read_in_the_window_of_the_model(model):
    source = {"h": [0.5, 2.0, 1.0], "east": [0.0, 1.0, 2.0], "north": 3 * [0.0], "day": [1, 1, 2]}
    events = model.read(source)
    assert (events.length, events.sequences) == (30.0, 2)
    assert len(model.log_likelihood(events).temporal) == 2
    with pytest.raises(DataError, match=r"day '2': .* from 0 to 30, .* got 31 .* later events"):
        model.read(source | {"h": [0.5, 2.0, 31.0]})
    with pytest.raises(DataError, match=r"day '1': .* got -0.5 .* subtract its start"):
        model.read(source | {"h": [-0.5, 2.0, 1.0]})


def test_a_model_comes_back_from_its_file_and_its_run(tmp_path):
    out = tmp_path / "run"
    model = fit_events(hawkes(), 4, holdout=TESTED, out=out)
    for back in (open_run(out), conservax.load(out / "model.conservax")):
        np.testing.assert_array_equal(
            back.log_likelihood(hawkes()).spatial, model.log_likelihood(hawkes()).spatial
        )
        assert repr(back) == repr(model)
        assert isinstance(back, EventModel)
        assert back.settings == model.settings
        assert back.settings.model == TINY
    for name, part in model.split._asdict().items():
        stored = getattr(open_run(out).split, name)
        np.testing.assert_array_equal(stored.x, part.x)
        np.testing.assert_array_equal(stored.starts, part.starts)
        assert stored.reader == part.reader
        assert (stored.length, stored.sequence_name) == (part.length, part.sequence_name)


@pytest.mark.slow
def test_a_killed_run_goes_on_bit_for_bit(tmp_path):
    straight = fit_events(hawkes(), 200)

    def killed(report):
        if report.step >= 100:
            raise KeyboardInterrupt

    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit_events(hawkes(), 200, out=out, on_chunk=killed)
    assert (out / CHECKPOINT).is_file()
    resumed = conservax.resume(out)
    np.testing.assert_array_equal(
        resumed.log_likelihood(hawkes()).temporal, straight.log_likelihood(hawkes()).temporal
    )
    assert resumed.settings == straight.settings


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.next_event([2.0, 1.0], [[0, 0], [1, 1]]), "in order, from 0 to 30"),
        (lambda m: m.next_event([31.0], [[0, 0]]), "in order, from 0 to 30"),
        (lambda m: m.next_event([1.0]), "locations of 1 past events; got none"),
        (
            lambda m: m.next_event([1.0], [[0, 0], [1, 1]]),
            "1 locations of past events, one per time",
        ),
        (lambda m: m.log_intensity(1.0, [[0, 0]], [2.0], [[0, 0]]), "after the last event, at 2"),
        (lambda m: m.log_likelihood(hawkes(time=2.0)), r"windows of 30; got .* of 60"),
    ],
)
def test_bad_histories_are_refused(model, call, words):
    with pytest.raises(DataError, match=words):
        call(model)


def test_clusters_are_found_once_for_all_ensemble_members(monkeypatch):
    found = []

    class Counted(KMeans):
        def fit_predict(self, x):
            found.append(len(x))
            return super().fit_predict(x)

    def begin(experiment, *rest):
        for member in range(3):
            experiment.begin(jax.random.key(member))
        raise InterruptedError

    monkeypatch.setattr("sklearn.cluster.KMeans", Counted)
    monkeypatch.setattr("conservax.fitting._fit.run_experiment", begin)
    monkeypatch.setattr("conservax.fitting._fit_events.run_experiment", begin)
    with pytest.raises(InterruptedError):
        fit_events(hawkes(10))
    assert len(found) == 1
    with pytest.raises(InterruptedError):
        conservax.fit(hawkes(10), model=KernelMixture(components=5))
    assert len(found) == 2


def test_events_at_one_time_are_warned_of(monkeypatch):
    def stop(*_):
        raise InterruptedError

    monkeypatch.setattr("conservax.fitting._fit_events.run_experiment", stop)
    events = hawkes(10)
    source = {"h": np.floor(events.t), "east": events.x[:, 0], "north": events.x[:, 1]}
    how = {"time": "h", "columns": ["east", "north"], "sequence": "day", "window": 30}
    with (
        pytest.warns(UserWarning, match="at the very time of the one before.* spread them"),
        pytest.raises(InterruptedError),
    ):
        fit_events(source | {"day": events.sequence}, **how)


def test_windows_of_one_event_teach_nothing():
    whole = hawkes(40)
    first = np.flatnonzero(np.diff(whole.sequence, prepend=-1))
    alone = Events(
        whole.t[first],
        whole.x[first],
        np.arange(len(first)),
        np.arange(float(len(first))),
        30.0,
        whole.columns,
        "h",
        "number",
        "alone",
    )
    with pytest.raises(DataError, match="several events at different times"):
        fit_events(split_events(alone, validation=0.1, seed=0))


def test_single_precision_stays_finite_where_events_are_odd(model):
    """Ties, events at both ends of the window, and an outlying location: values and gradients."""
    law = to_float32(model.law)
    t = jnp.array([0.0, 0.0, 0.5, 0.5, 1.0], jnp.float32)
    x = jnp.array([[0, 0], [1e4, -1e4], [0, 0], [1, 1], [-1e4, 0]], jnp.float32)
    both = eqx.filter_value_and_grad(lambda law: sum(law.log_prob(t, x)))
    value, slope = compiled(both)(law)
    assert value.dtype == jnp.float32
    assert np.isfinite(value)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(slope))


def test_an_outlying_location_does_not_dominate_the_next_inter_event_time(model):
    near, far = (model.next_event([1.0], [[x, 0.0]], 4000)["h"].median() for x in (30.0, 3e4))
    assert 0.2 < (near - 1) / (far - 1) < 5


def test_as_many_events_come_as_in_a_poisson_record():
    """58 per window on average, as widely spread as Poisson counts: sqrt(58) = 7.6."""
    rng = np.random.default_rng(0)
    count = rng.poisson(58.0, 40)
    sequence = np.repeat(np.arange(40), count)
    t = np.concatenate([np.sort(rng.uniform(0, 7, n)) for n in count])
    events = Events(
        t,
        rng.normal(size=(len(t), 2)),
        sequence,
        np.arange(40.0),
        7.0,
        ("east", "north"),
        "day",
        "number",
        "poisson",
        sequence_name="week",
    )
    model = fit_events(events, 100)
    drawn = model.simulate(200, seed=1, most_events=200).counts
    assert drawn.mean() == pytest.approx(count.mean(), rel=0.06)
    assert drawn.std() == pytest.approx(np.sqrt(58), rel=0.25)
    assert drawn.min() > 20

"""Metrics of snapshots against populations whose distances are known in closed form."""

import math

import numpy as np
import pytest

from conservax.check import (
    Population,
    SnapshotTest,
    TransportMethod,
    frame_of_metrics,
    snapshot_distances,
    wasserstein,
)

RNG = np.random.default_rng(0)
CELLS = RNG.normal(size=(80, 2))
STEP = np.array([3.0, 4.0])
SNAPSHOTS = {0.0: CELLS, 2.0: RNG.permutation(CELLS) + STEP}
OTHERS = {t: RNG.normal(size=(100, 2)) + STEP * t / 2 for t in (0.0, 2.0)}
NONE = Population()


def shifted(by):
    """Draws the test cells of SNAPSHOTS, all shifted."""
    return Population(lambda t, seed: CELLS + STEP * t[:, None] / 2 + by)


def transported(*shifts, random=False):
    """Transport methods that add a vector to every cell."""
    methods = {
        str(n): TransportMethod(
            lambda x, a, b, seed, shift=shift: x + shift * (1 + seed * random), random
        )
        for n, shift in enumerate(shifts)
    }
    return Population(methods=methods)


def line(frame, method, time=2.0):
    (found,) = frame[(frame["method"] == method) & (frame["time"] == time)].to_dict("records")
    return found


def test_draws_that_are_the_shifted_test_cells_are_as_far_as_the_shift():
    frame = snapshot_distances(shifted([0.6, 0.8]), SNAPSHOTS, OTHERS, repeats=4)
    for time in (0.0, 2.0):
        found, floor = line(frame, "direct", time), line(frame, "real cells (floor)", time)
        assert found["w1"] == pytest.approx(1, abs=1e-9)
        assert found["w2"] == pytest.approx(1, abs=1e-9)
        assert found["w2_deviation"] == pytest.approx(0, abs=1e-9)
        assert found["floor_w2"] == floor["w2"]
        assert found["excess_w2"] == pytest.approx(1 / floor["w2"] - 1)
        assert found["excess_w1"] == pytest.approx(1 / floor["w1"] - 1)
        assert found["spread"] == pytest.approx(1)
        assert (found["samples"], found["cells"], found["repeats"]) == (80, 80, 4)


def test_the_floor_on_the_line_is_that_of_the_brownian_bridge():
    """n samples of U(0, 1) against n others: E W1 -> sqrt(2 / n) sqrt(2 / pi) int sqrt(u(1-u)) du."""
    rng = np.random.default_rng(1)
    floors = []
    for seed in range(10):
        snapshots = {0.0: rng.uniform(size=(200, 1))}
        test = SnapshotTest(snapshots, {0.0: rng.uniform(size=(200, 1))}, seed=seed)
        floors.append(test.floor(0.0, 200, 200).w1)
    expected = math.sqrt(2 / 200) * math.sqrt(2 / math.pi) * math.pi / 8
    assert np.mean(floors) == pytest.approx(expected, rel=0.1)


def test_real_cells_in_place_of_draws_are_at_the_floor():
    frame = snapshot_distances(NONE, SNAPSHOTS, OTHERS, repeats=20)
    found = line(frame, "other real cells")
    assert found["samples"] == 80
    assert abs(found["excess_w2"]) < 0.3


def test_what_costs_nothing_is_known_exactly():
    frame = snapshot_distances(NONE, SNAPSHOTS)
    still, random = line(frame, "previous snapshot"), line(frame, "random coupling")
    assert still["w2"] == pytest.approx(5)
    assert still["start"] == 0.0
    variance = 2 * CELLS.var(axis=0).sum()  # E |x - y|^2 = |mean difference|^2 + both variances
    assert random["w2"] == pytest.approx(math.sqrt(25 + variance))
    assert random["w1"] < random["w2"]
    assert random["w2_squared"] == pytest.approx(25)


def test_cells_transported_by_the_shift_move_by_no_more_than_they_must():
    frame = snapshot_distances(transported(STEP, np.array([3.0, 5.0])), SNAPSHOTS, OTHERS)
    right, beyond = line(frame, "0"), line(frame, "1")
    assert right["w2"] == pytest.approx(0, abs=1e-6)
    assert right["displacement"] == pytest.approx(25)
    assert right["least"] == pytest.approx(25)
    assert right["w2_squared"] == pytest.approx(25)
    real = (np.concatenate([SNAPSHOTS[t], OTHERS[t]]) for t in (0.0, 2.0))
    assert right["w2_squared_all"] == pytest.approx(wasserstein(*real) ** 2)
    assert (right["failed"], right["repeats"]) == (0, 1)
    assert beyond["w1"] == pytest.approx(1)
    assert beyond["displacement"] == pytest.approx(9 + 25)
    assert not frame[(frame["method"] == "0") & (frame["time"] == 0.0)].size


def test_a_map_that_mixes_cells_up_reaches_the_same_positions_by_a_detour():
    mixed = {"mixed": TransportMethod(lambda x, a, b, seed: x[::-1] + STEP)}
    found = line(snapshot_distances(Population(methods=mixed), SNAPSHOTS), "mixed")
    assert found["w2"] == pytest.approx(0, abs=1e-6)
    assert found["least"] == pytest.approx(25)
    expected = 25 + np.mean(np.sum((CELLS[::-1] - CELLS) ** 2, axis=1))
    assert found["displacement"] == pytest.approx(expected)


def test_methods_that_are_random_are_repeated():
    found = line(snapshot_distances(transported(STEP, random=True), SNAPSHOTS, repeats=3), "0")
    assert found["repeats"] == 3
    assert found["w2"] == pytest.approx(np.mean([0, 5, 10]), abs=1e-6)
    assert found["w2_deviation"] == pytest.approx(5)


def test_independent_draws_are_as_far_apart_as_samples_of_one_law_and_the_shift():
    """On the line, draws of times 0 and 2 differ by the shift and by how samples of one law differ."""
    rng = np.random.default_rng(5)
    snapshots = {0.0: rng.normal(size=(100, 1)), 2.0: rng.normal(size=(100, 1)) + 2}
    population = Population(
        lambda t, seed: np.random.default_rng(seed).normal(size=(len(t), 1)) + t[:, None],
        {"map": TransportMethod(lambda x, a, b, seed: x + 2)},
    )
    found = line(snapshot_distances(population, snapshots), "map")
    assert found["displacement"] == pytest.approx(4)
    assert found["w2_squared_drawn"] != pytest.approx(4, abs=1e-3)
    assert found["w2_squared_drawn"] == pytest.approx(4, abs=1)


@pytest.mark.parametrize(
    ("velocity", "energy"),
    [
        (lambda t, x: np.tile(STEP / 2, (len(t), 1)), 25.0),  # at constant speed: the displacement
        (lambda t, x: STEP * t[:, None] / 2, 25 * 4 / 3),  # (b - a) int_0^2 25 t^2 / 4 dt
    ],
)
def test_energy_is_the_integral_of_the_squared_velocity(velocity, energy):
    drawn = shifted(0.0).sample
    population = Population(
        lambda t, seed: np.zeros((len(t), 2)), transported(STEP).methods, velocity
    )
    assert drawn is not None
    found = line(snapshot_distances(population, SNAPSHOTS, repeats=10), "0")
    assert found["energy"] == pytest.approx(energy, rel=1e-2)
    assert found["energy_error"] < 0.05 * energy


def test_units_are_those_of_the_scale():
    scale = np.array([3.0, 0.5])
    frame = snapshot_distances(transported(STEP), SNAPSHOTS, OTHERS, scale=scale)
    by_hand = snapshot_distances(
        transported(STEP / scale),
        {t: x / scale for t, x in SNAPSHOTS.items()},
        {t: x / scale for t, x in OTHERS.items()},
    )
    assert frame.equals(by_hand) or np.allclose(
        frame.select_dtypes("number"), by_hand.select_dtypes("number"), equal_nan=True, atol=1e-7
    )


def test_draws_that_huddle_together_show_it():
    huddled = Population(lambda t, seed: 0.5 * CELLS)
    assert line(snapshot_distances(huddled, {0.0: CELLS}), "direct", 0.0)["spread"] == (
        pytest.approx(0.25)
    )


@pytest.mark.parametrize("gone", [np.nan, np.inf])
@pytest.mark.parametrize("random", [False, True])
def test_failed_paths_are_counted_and_not_hidden(gone, random):
    def nowhere(x, start, end, seed):
        return np.where(np.arange(len(x))[:, None] == 3, gone + seed, x + STEP)

    def far(x, start, end, seed):
        return np.where(np.arange(len(x))[:, None] == 3, 1e12, x + STEP)

    methods = {"nowhere": TransportMethod(nowhere, random), "far": TransportMethod(far)}
    frame = snapshot_distances(Population(methods=methods), SNAPSHOTS, OTHERS, repeats=3)
    failed, away = line(frame, "nowhere"), line(frame, "far")
    assert failed["failed"] == away["failed"] == 1 / 80
    assert failed["w1"] == failed["w2"] == failed["excess_w2"] == failed["displacement"] == math.inf
    assert away["w2"] == pytest.approx(1e12 * math.sqrt(2 / 80), rel=1e-3)


def test_without_enough_real_cells_the_floor_is_of_other_sizes_and_nothing_is_over_it():
    frame = snapshot_distances(shifted([0.6, 0.8]), SNAPSHOTS)
    floor, found = line(frame, "real cells (floor)"), line(frame, "direct")
    assert (floor["samples"], floor["cells"]) == (40, 40)
    assert floor["w2"] > 0
    assert math.isnan(found["floor_w2"])
    assert math.isnan(found["excess_w2"])
    assert found["w2"] == pytest.approx(1)


def test_sizes_are_reported_where_they_differ_and_large_snapshots_are_thinned():
    snapshots = {0.0: CELLS[:30], 1.0: RNG.normal(size=(300, 2))}
    frame = snapshot_distances(transported([0, 0]), snapshots, most_cells=100, repeats=3)
    assert (line(frame, "0", 1.0)["samples"], line(frame, "0", 1.0)["cells"]) == (30, 100)
    floor = line(frame, "real cells (floor)", 1.0)
    assert (floor["samples"], floor["cells"]) == (50, 50)


def test_distances_are_those_of_wasserstein():
    drawn = RNG.normal(size=(80, 2))
    found = line(snapshot_distances(Population(lambda t, seed: drawn), {0.0: CELLS}), "direct", 0.0)
    assert found["w1"] == pytest.approx(wasserstein(drawn, CELLS, order=1))
    assert found["w2"] == pytest.approx(wasserstein(drawn, CELLS, order=2))


def test_only_the_requested_times_are_evaluated():
    test = SnapshotTest(SNAPSHOTS, OTHERS, repeats=2)
    frame = frame_of_metrics(test.references([2.0]) + test.distances(transported(STEP), [2.0]))
    assert set(frame["time"]) == {2.0}
    with pytest.raises(ValueError, match=r"expected times of \[0.0, 2.0\]; got \[1.0\]"):
        test.references([1.0])


@pytest.mark.parametrize(
    ("snapshots", "message"),
    [
        ({0.0: np.zeros(3)}, "expected finite cells of shape"),
        ({0.0: np.full((3, 2), np.nan)}, "values that are not finite"),
        ({0.0: np.zeros((3, 2)), 1.0: np.zeros((3, 1))}, "one dimension"),
    ],
)
def test_cells_that_cannot_be_compared_are_refused(snapshots, message):
    with pytest.raises(ValueError, match=message):
        snapshot_distances(NONE, snapshots)

import numpy as np
import pytest

from conservax.data import DataError, Table, split


def table(t):
    """One coordinate, which numbers the rows."""
    t = np.sort(np.asarray(t, float))
    return Table(t, np.arange(len(t), dtype=float)[:, None], ("row",), "t", "number", "here")


EVENTS = table(np.random.default_rng(0).uniform(size=1000))
SNAPSHOTS = table(np.repeat([0.0, 1.0, 2.5], [5, 100, 40]))


@pytest.mark.parametrize("whole", [EVENTS, SNAPSHOTS])
@pytest.mark.parametrize("fractions", [(0.0, 0.0), (0.1, 0.0), (0.0, 0.2), (0.1, 0.2), (0.4, 0.4)])
def test_every_row_lands_in_one_part_and_keeps_its_time(whole, fractions):
    parts = split(whole, validation=fractions[0], test=fractions[1], seed=3)
    rows = np.concatenate([part.x[:, 0] for part in parts])
    np.testing.assert_array_equal(np.sort(rows), whole.x[:, 0])
    for part in parts:
        np.testing.assert_array_equal(part.t, whole.t[part.x[:, 0].astype(int)])
        assert (np.diff(part.t) >= 0).all()


def test_fractions_are_of_all_the_rows():
    train, validation, test = split(EVENTS, validation=0.1, test=0.25, seed=0)
    assert (len(train), len(validation), len(test)) == (650, 100, 250)


def test_every_snapshot_is_in_every_part_in_proportion():
    parts = split(SNAPSHOTS, validation=0.1, test=0.2, seed=0)
    counts = [np.unique(part.t, return_counts=True) for part in parts]
    for times, _ in counts:
        np.testing.assert_array_equal(times, [0.0, 1.0, 2.5])
    # A tenth of 5 rows is none: the snapshot still gives up one.
    shares = [count for _, count in counts]
    np.testing.assert_array_equal(shares, [[3, 70, 28], [1, 10, 4], [1, 20, 8]])


@pytest.mark.parametrize(
    "t", [np.repeat(np.arange(51.0), 5), np.repeat([0.0, 1.0], [196, 4])], ids=["many", "small"]
)
def test_times_that_are_many_or_rare_are_not_stratified(t):
    shares = {len(split(table(t), validation=0.02, seed=seed).validation) for seed in range(3)}
    assert shares == {round(0.02 * len(t))}


def test_the_seed_decides():
    first, again, other = (
        split(EVENTS, validation=0.2, seed=seed).validation.x for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert len(np.intersect1d(first, other)) < 100


def test_rows_are_chosen_evenly_over_time():
    chosen = split(EVENTS, validation=0.5, seed=0).validation.x[:, 0]
    # Mean of 500 of 0..999 without replacement: 499.5, standard deviation 9.1.
    assert abs(chosen.mean() - 499.5) < 40


@pytest.mark.parametrize(
    ("validation", "test", "words"),
    [
        (-0.1, 0.0, r"validation fraction in \[0, 1\); got -0.1"),
        (1.0, 0.0, "validation fraction"),
        (0.1, 1.5, "test fraction"),
        (float("nan"), 0.0, "validation fraction"),
        (0.5, 0.5, r"validation \+ test below 1; got 0.5 \+ 0.5"),
    ],
)
def test_fractions_that_make_no_sense_are_refused(validation, test, words):
    with pytest.raises(DataError, match=words):
        split(EVENTS, validation=validation, test=test, seed=0)


@pytest.mark.parametrize("t", [[], [0.0], [0.0, 1.0, 2.0], np.repeat([0.0, 1.0], [7, 1000])])
def test_too_few_rows_left_for_training_are_refused(t):
    with pytest.raises(DataError, match="here: expected rows of every time left for training"):
        split(table(t), validation=0.49, test=0.5, seed=0)


def test_rows_to_judge_by_are_the_test_rows_or_else_those_of_validation():
    parts = split(EVENTS, validation=0.2, test=0.2, seed=0)
    assert parts.held_out() == ("test", parts.test)
    without = split(EVENTS, validation=0.2, seed=0)
    assert without.held_out() == ("validation", without.validation)
    assert split(EVENTS, validation=0.0, seed=0).held_out() is None

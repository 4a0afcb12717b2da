import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from conservax.baseline import fit_normal_by_snapshot
from conservax.data import Split
from conservax.model import Settings
from conservax.report._sections import score_table, time_table
from conservax.scoring import Score, scores, scores_by_time

# The NLL of a Gaussian of standard deviation 1/2 is its entropy in every coordinate.
ENTROPY = 0.5 * np.log(2 * np.pi * np.e * 0.25)


@pytest.fixture(scope="module")
def scored(make_model):
    model = make_model(2)
    return model, scores(model, model.split.test)


def test_the_nll_of_the_true_model_is_its_entropy_and_the_lowest(scored):
    _, (ours, *others) = scored
    assert ours.name == "This model"
    # 120 rows, each with a variance of 1/2 per coordinate around the entropy.
    assert ours.standardised == pytest.approx(2 * ENTROPY, abs=4 * np.sqrt(1 / 120))
    assert len(others) == 4
    assert all(other.this_model_better_by > 0 for other in others)


def test_scores_in_both_units_differ_by_the_volume(scored):
    model, both = scored
    for score in both:
        assert score.raw - score.standardised == pytest.approx(model.units.log_volume)


def test_differences_are_paired(scored):
    _, (ours, *others) = scored
    for other in others:
        assert other.this_model_better_by == pytest.approx(other.raw - ours.raw)
        assert 0 < other.error < 0.3
        found = re.fullmatch(r"(better|worse) by (\S+) ± (\S+) nats", other.comparison)
        by = float(found[2]) * (1 if found[1] == "better" else -1)
        # A lower NLL is better: that of this model plus what it is better by is the other's.
        assert ours.raw + by == pytest.approx(other.raw, abs=1e-4)
    assert (ours.this_model_better_by, ours.error) == (0.0, 0.0)


def test_comparisons_are_in_words_and_not_by_a_sign(scored):
    baseline = Score("Baseline", "tuned", 1.0, 1.0, this_model_better_by=-0.045, error=0.012)
    assert baseline.comparison == "worse by 0.0450 ± 0.0120 nats"
    page = score_table((scored[1][0], baseline), "test")
    assert "<th>This model is</th>" in page
    assert "worse by 0.0450 ± 0.0120 nats" in page


def test_without_validation_rows_no_baseline_is_tuned(make_model):
    model = make_model(1)
    empty = model.split.test.take(np.arange(0))
    model.split = Split(model.split.train, empty, model.split.test)
    assert [score.name for score in scores(model, model.split.test)] == ["This model"]


def test_each_snapshot_has_its_score_and_those_left_out_are_marked(make_model):
    model = make_model(2)
    test = model.split.test
    model.split = model.split._replace(test=replace(test, t=np.where(test.t < 6, 3.0, 9.0)))
    assert time_table(scores_by_time(model, test), "test") == ""  # times of their own
    model.settings = Settings(left_out=(9.0,))
    early, late = scores_by_time(model, model.split.test)
    assert (early.time, early.left_out, late.time, late.left_out) == ("3", False, "9", True)
    assert early.rows + late.rows == len(test)
    shown = time_table((early, late), "test")
    assert shown.count("left out of training") == 1
    assert shown.index("9<small>left out of training") > shown.index("<td>3</td>")
    assert time_table((early,), "test") == ""


def test_a_last_time_left_out_has_the_normal_of_the_nearest(make_model):
    model = make_model(1)
    train, validation, test = (replace(part, t=np.round(part.t / 2)) for part in model.split)
    last = max(test.t)
    train, validation = (part.take(np.flatnonzero(part.t < last)) for part in (train, validation))
    model.split = Split(train, validation, test)
    model.settings = Settings(left_out=(last,))
    found = scores_by_time(model, test)[-1]
    assert found.left_out
    nearest = fit_normal_by_snapshot(train.t, train.x)
    mean, deviation = nearest.mean[-1, 0], np.sqrt(nearest.covariance[-1, 0, 0])
    own = train.x[train.t == max(train.t)]
    assert mean == pytest.approx(own.mean(), abs=4 * own.std() / np.sqrt(len(own)))
    assert deviation == pytest.approx(own.std(), rel=4 / np.sqrt(2 * len(own)))
    nll = -norm.logpdf(test.x[test.t == last], mean, deviation).mean()
    volume = model.units.log_volume
    assert found.baselines["Normal per snapshot"] == pytest.approx(nll - volume)
    assert "or is that of the nearest one at the first or last" in time_table((found,), "test")

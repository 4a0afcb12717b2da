"""The report of a plan: obstacles entire and true to scale, and no mention of data."""

import re

import numpy as np
import pytest
from matplotlib.axes import Axes

from conservax.check import CheckResult
from conservax.control import Boxes, Circles
from conservax.control._collision_check import advice, collision_check, outlines
from conservax.model import Settings
from conservax.report import write_report
from conservax.report._animation import write_animation
from conservax.report._picture import picture

WALLS = (Boxes([[-0.5, 30.0]], [[0.5, 90.0]]), Circles([[-9.0, 0.0]], 2.0))


@pytest.fixture
def steered(make_model):
    model = make_model(2, data=False)
    model.metrics = model.metrics.drop(columns="validation").assign(validation=np.nan)
    result = collision_check(WALLS, 0.11, 500, 0.0)
    model.settings = Settings(obstacles=outlines(WALLS), checks=(result,))
    return model


def test_obstacles_are_entire_and_true_to_scale(steered):
    shown = picture(steered)
    (left, right), (low, high) = shown["bounds"]
    assert left < -11
    assert high > 90
    assert low < 0 < right
    assert shown["lineLengths"] == [5, 65]
    # One unit is as long up as it is across: circles stay round.
    assert shown["ratio"] == pytest.approx((right - left) / (high - low))
    assert shown["ratio"] * (1 + 1e-9) >= 0.3


def test_the_report_of_a_plan_does_not_mention_data(steered, tmp_path):
    page = write_report(steered, tmp_path / "plan.html").read_text(encoding="utf-8")
    text = re.sub(r"<style>.*?</style>|<script.*?</script>", "", page, flags=re.DOTALL).lower()
    for absent in ("calibrat", "held-out", "validation", "without its data", "data near", "refit"):
        assert absent not in text, absent
    assert "obstacles</label>" in text
    assert "lines of the map" not in text


def test_an_animation_without_data_does_not_mention_them(steered, tmp_path, monkeypatch):
    labels = []
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, *a, **k: labels.append(k.get("label")) or plot(self, *a, **k)
    )
    options = {"cells": None, "embedding": None, "particles": 5, "seconds": 1.0}
    write_animation(steered, tmp_path / "plan.gif", **options)
    assert "the model's particles" in labels
    assert "data near this time" not in labels


def test_a_failed_check_of_collisions_has_advice():
    failed, passed = (collision_check(WALLS, share, 500, 0.0) for share in (0.11, 0.01))
    assert (failed.passed, passed.passed) == (False, True)
    assert isinstance(failed, CheckResult)
    assert "11 % of paths collide with an obstacle" in failed.detail
    assert "100 % of paths collide" in collision_check(WALLS, 1.0, 500, 0.0).detail
    assert "raise weight of boxes from 1 to 10 and of circles from 1 to 10" in failed.detail


@pytest.mark.parametrize(("fraction", "text"), [(0.0104, "1.04 %"), (0.010001, "1.0001 %")])
def test_a_fraction_just_above_the_limit_does_not_read_as_the_limit(fraction, text):
    start = f"{text} of paths collide with an obstacle, expected 1 % or"
    assert advice(WALLS, fraction).startswith(start)

"""Figures of the page: well-formed SVG, the colours of the page, escaped names."""

import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstwo

from conservax.report._figures import calibration_figure, learning_figure, streamline_figure
from conservax.report._motion import Motion

METRICS = pd.DataFrame(
    {
        "step": [1, 10, 100, 1000],
        "train": [300.0, 2.0, 1.5, 1.2],
        "validation": [np.nan, 2.1, 1.6, 1.4],
    }
)
ODD = ("<b>&", "$x$", "_hidden", r"a\$b")


def words(svg):
    root = ElementTree.fromstring(svg)
    return ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_names_of_coordinates_are_plain_text():
    ranks = np.random.default_rng(0).uniform(size=(50, 4))
    found = words(calibration_figure(ranks, ODD))
    for name in ("<b>&", "$x$", "hidden", r"a\$b", "95%", "99%"):
        assert name in found


def test_the_legend_names_the_coordinates_that_deviate_most():
    ranks = np.random.default_rng(0).uniform(size=(200, 30))
    ranks[:, 7] **= 3
    columns = tuple(f"gene{i}" for i in range(30))
    named = [word for word in words(calibration_figure(ranks, columns)) if word.startswith("gene")]
    assert len(named) == 6
    assert "gene7" in named


def test_bands_are_quantiles_of_the_largest_deviation():
    # The quantile itself, against the tabulated 5 % point of Kolmogorov's statistic for n = 20.
    assert kstwo.ppf(0.95, 20) == pytest.approx(0.294, abs=5e-4)
    assert words(calibration_figure(np.linspace(0, 1, 20)[:, None], ("x",)))


@pytest.mark.parametrize(
    "metrics",
    [
        METRICS,
        METRICS.iloc[:1],
        METRICS.assign(validation=np.nan),
        METRICS.assign(likelihood=1.0),
        METRICS.assign(likelihood=1.0, kinetic_energy=[9.0, 2.0, 1.0, np.nan]),
        METRICS.assign(train=[-5.0, -5.0, -5.0, -5.0], validation=None),
    ],
    ids=["plain", "one row", "no validation", "one term", "two terms", "constant"],
)
def test_learning_curves_of_all_metrics(metrics):
    found = words(learning_figure(metrics))
    assert {"step", "loss", "train"} <= set(found)
    assert ("terms of the objective" in found) == ("kinetic_energy" in metrics)


def test_figures_have_the_colours_of_the_page_and_unique_identifiers():
    ranks = np.random.default_rng(0).uniform(size=(50, 2))
    pictures = calibration_figure(ranks, ("a", "b")), learning_figure(METRICS)
    for svg in pictures:
        assert re.findall(r"(?:fill|stroke): (#\w+)", svg) == []
        assert svg.startswith("<svg")
        assert "width=" not in svg.split(">")[0]
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in pictures]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, found in zip(pictures, ids, strict=True):
        pointed_at = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg))
        assert pointed_at <= found


def test_drawing_leaves_matplotlib_as_it_was():
    before = dict(mpl.rcParams)
    learning_figure(METRICS)
    assert dict(mpl.rcParams) == before


def rotation(speed):
    x = np.random.default_rng(0).uniform(-1, 1, size=(2000, 2))
    return Motion(
        np.zeros(2000), x, speed * x @ np.array([[0.0, 1.0], [-1.0, 0.0]]), ("<b>&", "$x$")
    )


def test_streamlines_of_several_times_are_side_by_side():
    moving, resting = (
        streamline_figure([rotation(speed)] * 2, ["day 0", "day 4"]) for speed in (1, 0)
    )
    found = words(moving)
    assert [found.count(word) for word in ("day 0", "day 4", "<b>&", "$x$")] == [1, 1, 2, 2]
    assert re.findall(r"(?:fill|stroke): (#\w+)", moving) == []
    assert moving.count("var(--series-1)") > 50
    assert resting.count("var(--series-1)") == 0
    assert len(moving) < 400_000

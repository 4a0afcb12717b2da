"""Axes of the main picture: positions of labels, complete names, true aspect ratios of maps."""

import json
import shutil
import subprocess
from importlib.resources import files

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from conservax.report import write_report
from conservax.report._picture import picture
from conservax.report._streamlines import set_limits

# The elements of the page that drawing.js needs.
PAGE = """
const content = {kind: "line", columns: ["x"], colours: "", points: null};
const canvas_ = {getContext: () => ({})};
const document = {
  getElementById: (id) => id === "canvas" ? canvas_ : {textContent: JSON.stringify(content)},
  createElement: () => canvas_,
};
"""
PIXELS = 1000  # of an axis


@pytest.fixture
def run(request):
    """Result of a script after drawing.js, by node or, where there is none, by Chromium."""
    drawing = files("conservax.report").joinpath("drawing.js").read_text(encoding="utf-8")

    def answer(script):
        whole = f"{PAGE}{drawing}\nreturn (() => {{{script}}})();"
        node = shutil.which("node")
        if node is None:
            return request.getfixturevalue("browser").run(whole)
        wrapped = f"process.stdout.write(JSON.stringify((() => {{{whole}}})()))"
        done = subprocess.run([node, "-e", wrapped], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return answer


def number(text):
    return float(text.replace("−", "-"))


def many_ranges():
    rng = np.random.default_rng(0)
    fixed = [(-2.6, 2.6), (-3, 3), (0, 4), (0, 1), (-0.04, 0.04), (1.7e9, 1.7e9 + 3), (0, 1e-7)]
    size = 10 ** rng.uniform(-9, 9, 2000)
    low = rng.choice([0, 1, 30, 1e4], 2000) * size * rng.normal(size=2000)
    return [*fixed, *zip(low, low + size, strict=True)]


def test_every_tick_is_at_the_number_of_its_label(run):
    ranges = [(float(low), float(high)) for low, high in many_ranges()]
    counts = [3, 3.7, 5, 7, 12]
    found = run(f"return {json.dumps(ranges)}.map(([a, b]) => {counts}.map((n) => ticks(a, b, n)))")
    for (low, high), by_count in zip(ranges, found, strict=True):
        for wanted, marks in zip(counts, by_count, strict=True):
            where = f"{low} to {high}, about {wanted}: {marks}"
            values, texts = np.array([mark[0] for mark in marks]), [mark[1] for mark in marks]
            assert 2 <= len(marks) <= max(wanted + 1, 5), where
            assert len(set(texts)) == len(texts), where
            labels = np.array([number(text) for text in texts])
            assert np.abs(labels - values).max() < 1e-3 * (high - low) / PIXELS, where
            assert low <= values.min(), where
            assert values.max() <= high, where
            step = np.diff(values)
            mantissa = f"{step.mean():.3e}"
            assert mantissa[0] in "125", where
            assert mantissa[1:5] == ".000", where
            assert np.ptp(step) < 1e-3 * step.mean(), where


def test_labels_of_degrees_have_the_resolution_of_the_ticks(run):
    texts = run(
        "return ticks(-0.00003, 0.00003, 4).map(([v, _, places]) => compass(v, ['E', 'W'], places))"
    )
    assert texts == ["0.00002°W", "0°", "0.00002°E"]


RECORD = """
window.seen = [];
const old = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const m = this.measureText(text), at = this.getTransform(), c = this.canvas;
  for (const dx of [-m.actualBoundingBoxLeft, m.actualBoundingBoxRight])
    for (const dy of [-m.actualBoundingBoxAscent, m.actualBoundingBoxDescent]) {
      const p = at.transformPoint(new DOMPoint(x + dx, y + dy));
      window.seen.push([text, p.x, c.width - p.x, p.y, c.height - p.y]);
    }
  old.call(this, text, x, y);
};
document.getElementById("time").dispatchEvent(new Event("input"));
return window.seen;
"""


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e7])
def test_labels_and_names_are_inside_the_picture(browser, make_model, tmp_path, dim, scale):
    names = [f"the quite long name of coordinate {i}, in its very own unit of it" for i in "xyz"]
    model = make_model(dim, columns=tuple(names[:dim]))
    object.__setattr__(model.units, "std", tuple(scale for _ in range(dim)))
    object.__setattr__(model.units, "mean", tuple(-123456.0 * scale for _ in range(dim)))
    model.split = None
    browser.open(write_report(model, tmp_path / "page.html"))
    for _ in range(100):
        if browser.run("return now.textContent"):
            break
    seen = browser.run(RECORD)
    assert any(text.startswith("the quite long") for text, *_ in seen)
    outside = [text for text, *margins in seen if min(margins) < 0]
    assert outside == []


def ground_ratio(shown, east, north):
    """Width over height of a box on the ground, by the haversine formula."""
    bounds = np.radians(np.array(shown["bounds"]))
    middle = bounds[north].mean()
    along = np.cos(middle) * np.sin(np.ptp(bounds[east]) / 200)  # a short distance, a hundred times
    return 100 * 2 * np.arcsin(along) / np.ptp(bounds[north])


def on_a_map(model, lon, lat, latitude):
    """The known model at a latitude, with these standard deviations of longitude and latitude."""
    std = [{"lon": lon, "lat": lat}.get(name, 1.0) for name in model.units.columns]
    mean = [{"lon": 10.0, "lat": latitude}.get(name, 0.0) for name in model.units.columns]
    object.__setattr__(model.units, "std", tuple(std))
    object.__setattr__(model.units, "mean", tuple(mean))
    model.split = None
    return model


@pytest.mark.parametrize("stds", [(1.0, 1.0), (10.0, 0.3), (0.1, 2.0)])
@pytest.mark.parametrize("columns", [("lon", "lat"), ("lat", "lon")])
def test_a_map_has_the_aspect_ratio_of_the_ground(make_model, stds, columns):
    shown = picture(on_a_map(make_model(2, columns=columns), *stds, 60.0))
    east, north = columns.index("lon"), columns.index("lat")
    ratio = shown["ratio"] if east == 0 else 1 / shown["ratio"]
    assert ratio == pytest.approx(ground_ratio(shown, east, north), rel=1e-3)


def test_pairs_of_longitude_and_latitude_are_square_on_the_ground(make_model):
    shown = picture(on_a_map(make_model(3, columns=("lat", "depth", "lon")), 3.0, 1.0, 60.0))
    assert ground_ratio(shown, 2, 0) == pytest.approx(1, rel=1e-3)


def test_figures_of_a_map_have_its_aspect_ratio():
    figure = Figure(figsize=(7, 5))
    axes = figure.subplots()
    points = np.random.default_rng(0).normal([10, 60], 1, (500, 2))
    set_limits(axes, points, ("lon", "lat"))
    FigureCanvasAgg(figure).draw()
    (left, low), (right, high) = axes.transData.transform([[10, 60], [11, 61]])
    middle = np.radians(np.mean(axes.get_ylim()))
    assert (right - left) / (high - low) == pytest.approx(np.cos(middle), rel=1e-3)

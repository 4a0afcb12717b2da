"""Maps of longitude and latitude, and lines on them."""

import base64

import numpy as np
import pytest

from conservax.data import DataError
from conservax.report import write_report
from conservax.report._example import example
from conservax.report._map import drawn_lines, is_map
from conservax.report._picture import picture

BOX = np.array([[100.0, 110.0], [-5.0, 5.0]])


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("lon", "lat"), True),
        (("Longitude", "LATITUDE"), True),
        (("lat", "lon"), False),
        (("lon", "depth"), False),
        (("lon", "lat", "depth"), False),
        (("lon",), False),
    ],
)
def test_maps_are_known_by_their_columns(columns, expected):
    assert is_map(columns) is expected


def test_lines_are_steps_across_the_box():
    (line,) = drawn_lines([np.array([[100.0, -5.0], [105.0, 0.0], [110.0, 5.0]])], BOX)
    np.testing.assert_allclose(line, [[0, 0], [2048, 2048], [4095, 4095]], atol=1)


def test_points_within_a_pixel_become_one():
    dense = np.stack([np.linspace(100, 100.01, 1000), np.zeros(1000)], axis=1)
    (line,) = drawn_lines([dense], BOX)
    assert 2 <= len(line) <= 6
    assert line[0, 0] == 0
    assert line[-1, 0] == 4


def test_lines_without_length_are_not_drawn():
    assert drawn_lines([np.zeros((0, 2)), np.array([[105.0, 0.0]])], BOX) == []


def test_lines_are_cut_well_outside_the_box():
    along = np.arange(0.0, 200.0)
    there_and_back = np.concatenate([along, along[::-1]])
    line = np.stack([there_and_back, np.repeat([0.0, 1.0], 200)], axis=1)
    lines = drawn_lines([line, line + np.array([0.0, 80.0])], BOX)
    assert len(lines) == 2  # there, and back; the one far north is out of sight
    for piece in lines:
        x = 100 + 10 * piece[:, 0] / 4095
        assert x.min() == pytest.approx(90, abs=1.01)
        assert x.max() == pytest.approx(120, abs=1.01)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (np.zeros(4), r"number 2: .* shape \(points, 2\); got shape \(4,\)"),
        (np.zeros((4, 3)), r"got shape \(4, 3\)"),
        (np.array([[0.0, np.nan], [0, 1]]), "finite numbers"),
    ],
)
def test_lines_of_another_shape_are_refused(line, words):
    with pytest.raises(DataError, match=words):
        drawn_lines([np.zeros((2, 2)), line], BOX)


def test_lines_need_a_plane(make_model):
    with pytest.raises(DataError, match="two coordinates to draw lines on; got 1"):
        picture(make_model(1), [np.zeros((2, 2))])
    assert picture(make_model(1))["lineLengths"] == []


def test_lines_are_stored_in_steps_of_the_box(make_model):
    model = make_model(2, columns=("lon", "lat"))
    lines = [np.array([[-1.0, 0], [0, 5], [1, 5]]), np.array([[0.0, -9], [1, 9]])]
    shown = picture(model, lines)
    assert shown["degrees"] is True
    assert shown["lineLengths"] == [3, 2]
    steps = np.frombuffer(base64.b64decode(shown["lines"]), "<i2").reshape(-1, 2)
    bounds = np.array(shown["bounds"])
    x = bounds[:, 0] + steps / 4095 * np.ptp(bounds, axis=1)
    np.testing.assert_allclose(x, np.concatenate(lines), atol=np.ptp(bounds, axis=1).max() / 4095)


def test_the_density_of_a_map_is_per_square_degree(make_model):
    assert "per square degree" in example(make_model(2, columns=("lon", "lat")))
    assert "per unit of lon × depth" in example(make_model(2, columns=("lon", "depth")))


def test_a_browser_draws_the_map(browser, make_model, tmp_path):
    model = make_model(2, columns=("lon", "lat"))
    lines = [np.array([[-1.0, -20], [1.0, 20]])]
    browser.open(write_report(model, tmp_path / "map.html", lines=lines))
    with_lines = browser.picture()
    browser.run("document.getElementById('lines').click()")
    assert browser.picture() != with_lines
    browser.run(
        "const r = document.getElementById('canvas').getBoundingClientRect();"
        "document.getElementById('canvas').dispatchEvent(new PointerEvent('pointermove',"
        "{clientX: r.left + 0.5 * r.width, clientY: r.top + 100}))"
    )
    text = browser.run("return document.getElementById('under').textContent")
    assert "°" in text
    assert text.split(":")[0][-1] in "NS"
    assert browser.console() == []

"""Data of the main picture, unpacked and compared with closed forms."""

import base64

import numpy as np
import pytest
from scipy.stats import norm

from conservax.data import TimeAxis
from conservax.report._picture import FRAMES, _span, picture
from conservax.report._time_labels import coarse_time_label, time_label

SPREAD, DRIFT = 0.5, 2.0


def unpacked(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def density_at(u, z):
    """The Gaussian that moves from -1 to 1, standardised units."""
    return np.exp(norm.logpdf(z, DRIFT * (u - 0.5), SPREAD).sum(-1))


@pytest.fixture(scope="module")
def plane(make_model):
    return picture(make_model(2))


def axes_of(shown):
    side = shown["side"]
    return [low + (np.arange(side) + 0.5) * (high - low) / side for low, high in shown["bounds"]]


def test_levels_are_the_density_in_units_of_the_data(plane, make_model):
    units = make_model(2).units
    levels = unpacked(plane["levels"], np.uint8).reshape(FRAMES, plane["side"], plane["side"])
    shown = plane["largest"] * (levels / 255) ** plane["root"]
    x, y = axes_of(plane)
    z = units.standardise(np.stack(np.meshgrid(x, y), axis=-1))
    for frame in (0, 17, FRAMES - 1):
        exact = density_at(plane["unitTimes"][frame], z) * np.exp(-units.log_volume)
        # Half a level is 0.8 % of the largest density, and less below it.
        np.testing.assert_allclose(shown[frame], exact, atol=0.009 * plane["largest"])


def test_arrows_are_displacements_in_the_span(plane, make_model):
    units = make_model(2).units
    arrows = unpacked(plane["arrows"], "<f4").reshape(FRAMES, -1, 2)
    span = float(plane["span"])
    expected = DRIFT * np.array(units.std) * span / units.time.scale
    np.testing.assert_allclose(arrows, np.broadcast_to(expected, arrows.shape), rtol=1e-5)
    cells = 19
    across = expected / np.ptp(plane["bounds"], axis=1)
    assert 0.3 / cells < np.hypot(*across) <= 1.0001 / cells


@pytest.mark.parametrize(
    ("speed", "expected"), [(1.0, 0.1), (0.11, 0.5), (0.03, 2.0), (1e-9, 8.0), (0.0, 8.0)]
)
def test_spans_are_round_and_no_longer_than_the_range(speed, expected):
    speeds = np.full((3, 4, 2), [speed, 0.0])
    assert _span(speeds, np.ones((3, 4)), 0.1, 8.0) == min(expected, 5.0 if speed < 0.02 else 8.0)


def test_points_are_stored_as_fractions_of_the_box(plane, make_model):
    model = make_model(2)
    points, bounds = plane["points"], np.array(plane["bounds"])
    fraction = unpacked(points["x"], "<u2").reshape(-1, 2) / 65535
    x = bounds[:, 0] + fraction * np.ptp(bounds, axis=1)
    data = np.concatenate([part.x for part in model.split])
    assert points["count"] == len(x) == len(data) - points["outside"]
    nearest = np.abs(x[:, None] - data[None]).max(-1, where=[True, False], initial=0).min(1)
    assert nearest.max() < np.ptp(bounds[0]) / 65535
    assert points["windowLabel"] == "0.2"


def test_line_holds_density_and_velocity(make_model):
    model = make_model(1)
    shown = picture(model)
    x = np.linspace(*shown["bounds"][0], shown["count"])[:, None]
    density = unpacked(shown["density"], "<f4").reshape(FRAMES, -1)
    exact = density_at(shown["unitTimes"][9], model.units.standardise(x))
    np.testing.assert_allclose(density[9], exact, rtol=1e-5)
    velocity = unpacked(shown["velocity"], "<f4")
    np.testing.assert_allclose(velocity, DRIFT / model.units.time.scale, rtol=1e-5)
    assert shown["velocityUnit"] == "per unit of when"


def test_pairs_peak_at_the_mean_of_the_model(make_model):
    model = make_model(6, kind="timestamp")
    shown = picture(model)
    assert len(shown["pairs"]) == 10
    assert shown["unshown"] == ["x5"]
    levels = unpacked(shown["levels"], np.uint8).reshape(FRAMES, 10, shown["side"], shown["side"])
    marginals = unpacked(shown["marginals"], "<f4").reshape(FRAMES, 5, shown["side"])
    for frame in (0, FRAMES - 1):
        centre = model.units.restore(np.full(6, DRIFT * (shown["unitTimes"][frame] - 0.5)))
        for pair, coordinates in enumerate(shown["pairs"]):
            row, col = np.unravel_index(levels[frame, pair].argmax(), levels.shape[2:])
            for cell, i in zip((row, col), coordinates, strict=True):
                low, high = shown["bounds"][i]
                wide = (high - low) / shown["side"]
                assert abs(low + (cell + 0.5) * wide - centre[i]) < 0.35 * model.units.std[i]
        assert marginals[frame].max() <= 1


def test_without_data_the_box_is_around_draws(make_model):
    shown = picture(make_model(2, data=False))
    assert shown["points"] is None
    low, high = np.array(shown["bounds"])[0]
    assert -3.5 < low < -1.5
    assert 1.5 < high < 3.5


def stamps(days):
    return TimeAxis("when", "timestamp", 1.7e9, 1.7e9 + 86400 * days)


def test_time_labels_have_the_resolution_of_their_range():
    assert time_label(stamps(50), 1.7e9) == "2023-11-14 22:13 UTC"
    assert time_label(stamps(0.04), 1.7e9) == "2023-11-14T22:13:20Z"
    assert coarse_time_label(stamps(50), 1.7e9) == "2023-11-14"
    assert coarse_time_label(stamps(1), 1.7e9) == "2023-11-14T22:13:20Z"
    assert time_label(stamps(5000), 1.7e9) == "2023-11-14"
    number = TimeAxis("t", "number", 0.0, 1.0)
    assert time_label(number, 0.25) == coarse_time_label(number, 0.25) == "0.25"

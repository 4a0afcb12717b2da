"""Streamlines and animations: the velocity fields that are drawn, and the files."""

import anndata
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from conservax.data import DataError, TimeAxis
from conservax.report import write_animation, write_streamlines
from conservax.report._animation import _paths
from conservax.report._motion import Motion, motion, plane
from conservax.report._streamlines import averaged, round_times
from conservax.report._time_labels import time_label


def cells_of(model, embedding=None):
    rows = np.concatenate([part.x for part in model.split])
    obs = pd.DataFrame(
        {"when": np.concatenate([part.t for part in model.split])},
        index=[f"cell{i}" for i in range(len(rows))],
    )
    turned = rows[:, :2] @ np.array([[0.0, 1.0], [-1.0, 0.0]]) if embedding is None else embedding
    return anndata.AnnData(obs=obs, obsm={"x": rows, "X_turned": turned})


def test_velocities_are_averaged_over_the_points_around():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(20_000, 2))
    velocity = np.stack([np.where(rng.uniform(size=20_000) < 0.5, 1.0, 3.0), x[:, 0]], 1)
    field = Motion(np.zeros(20_000), x, velocity, ("a", "b"))
    across, up, mean = averaged(field, np.array([[-2.0, 2.0], [-1.5, 1.5]]))
    inside = np.s_[24, 18:31]
    assert abs(up[24]) < 0.1
    np.testing.assert_allclose(mean[0][inside], 2.0, atol=0.35)
    np.testing.assert_allclose(mean[1][inside], across[18:31], atol=0.1)
    assert mean.mask[:, :, 0].all()  # empty cells
    assert not mean.mask[:, 24, 18:31].any()


@pytest.mark.parametrize(
    ("kind", "start", "end", "expected"),
    [
        ("number", 0.12, 19.95, ["4", "8", "12", "16"]),
        (
            "number",
            -1e-3,
            5e-4,
            ["-0.001", "-0.00075", "-0.0005", "-0.00025", "0", "0.00025", "0.0005"],
        ),
        (
            "timestamp",
            "2010-11-20T07:13:20Z",
            "2014-06-03T01:00:00Z",
            ["2011-01-01", "2012-01-01", "2013-01-01", "2014-01-01"],
        ),
        (
            "timestamp",
            "2024-05-14T22:50:00Z",
            "2024-05-15T10:13:00Z",
            [
                "2024-05-15 00:00 UTC",
                "2024-05-15 03:00 UTC",
                "2024-05-15 06:00 UTC",
                "2024-05-15 09:00 UTC",
            ],
        ),
    ],
)
def test_ticks_of_time_are_round(kind, start, end, expected):
    if kind == "timestamp":
        start, end = (pd.Timestamp(value).timestamp() for value in (start, end))
    axis = TimeAxis("when", kind, start, end)
    assert [time_label(axis, tick) for tick in round_times(axis)] == expected


@pytest.mark.parametrize("t", [None, 6.0])
def test_rows_or_draws_have_the_velocity_of_the_model(make_model, t):
    model = make_model(3)
    moving = motion(model, t, None, None)
    # The mean moves by 2 standard deviations, 1 and 10, over the whole time.
    expected = np.array([2.0, 20.0]) / model.units.time.scale
    np.testing.assert_allclose(moving.velocity, np.broadcast_to(expected, moving.x.shape))
    assert moving.names == ("x0", "x1")
    assert (t is None) == (len(np.unique(moving.t)) > 1)


def test_a_model_without_rows_has_draws_at_all_times(make_model):
    moving = motion(make_model(2, data=False), None, None, None)
    axis = make_model(2).units.time
    assert (moving.t.min(), moving.t.max()) == (axis.start, axis.end)


def test_velocities_in_an_embedding_rotate_with_it(make_model):
    model = make_model(2)
    moving = motion(model, None, cells_of(model), "X_turned")
    expected = np.array([-20.0, 2.0]) / model.units.time.scale
    expected = np.broadcast_to(expected, moving.x.shape)
    np.testing.assert_allclose(moving.velocity, expected, rtol=0.02, atol=0.02)
    assert moving.names == ("turned 1", "turned 2")


def test_particles_are_the_same_at_every_time(make_model):
    model = make_model(2)
    times = model.units.time.from_unit(np.linspace(0, 1, 5))
    paths = _paths(model, times, 50)
    steps = np.diff(paths, axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to([0.5, 5.0], steps.shape), rtol=1e-6)


def test_positions_in_an_embedding_are_those_of_the_cells_around(make_model):
    model = make_model(2)
    cells = cells_of(model)
    view = plane(model, cells, "X_turned")
    projected = view.project(model, cells.obsm["x"][:100])
    scale = np.array([10.0, 1.0])
    error = np.abs(projected - cells.obsm["X_turned"][:100]) / scale
    assert np.median(error) < 0.1


@pytest.mark.parametrize("kind", ["rows", "draws", "embedding", "stamps"])
def test_streamlines_are_drawn(make_model, tmp_path, kind):
    model = make_model(2, kind="timestamp" if kind == "stamps" else "number")
    cells = cells_of(model) if kind == "embedding" else None
    t = {"draws": 4.0}.get(kind)
    embedding = "X_turned" if kind == "embedding" else None
    path = tmp_path / "deep" / "lines.png"
    assert write_streamlines(model, path, t=t, cells=cells, embedding=embedding) == path
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    ink = (np.abs(pixels.astype(int) - [32, 36, 44]).max(1) < 12).sum()
    assert ink > 2000


@pytest.mark.parametrize("embedding", [None, "X_turned"])
def test_an_animation_is_drawn(make_model, tmp_path, monkeypatch, embedding):
    monkeypatch.setattr("conservax.report._animation._FRAMES", 4)
    model = make_model(2)
    path = tmp_path / "film.gif"
    options = {"particles": 50, "seconds": 1.0, "embedding": embedding}
    write_animation(model, path, cells=cells_of(model), **options)
    with Image.open(path) as film:
        assert film.n_frames == 4
        assert film.info["loop"] == 0
        first = np.asarray(film.convert("RGB")).astype(int)
        film.seek(3)
        last = np.asarray(film.convert("RGB")).astype(int)
    assert (np.abs(last - first).max(2) > 50).sum() > 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"embedding": "X_turned"}, "expected cells beside embedding='X_turned'"),
        ({"embedding": "X_umap", "cells": True}, r"embedding 'X_umap' in obsm; got \['x', 'X_tur"),
        ({"embedding": "X_turned", "cells": True, "t": 3.0}, "without t"),
    ],
)
def test_bad_requests_are_refused(make_model, tmp_path, options, words):
    model = make_model(2)
    options = {"t": None, "cells": None, "embedding": None} | options
    options["cells"] = cells_of(model) if options["cells"] else None
    with pytest.raises(DataError, match=words):
        write_streamlines(model, tmp_path / "lines.png", **options)
    assert not (tmp_path / "lines.png").exists()


@pytest.mark.parametrize("t", [None, 3.0])
def test_streamlines_need_two_coordinates(make_model, tmp_path, t):
    with pytest.raises(DataError, match="two coordinates or more"):
        write_streamlines(make_model(1), tmp_path / "a.png", t=t, cells=None, embedding=None)


def test_animations_need_particles(make_model, tmp_path):
    options = {"cells": None, "embedding": None, "seconds": 1.0}
    with pytest.raises(DataError, match="expected particles"):
        write_animation(make_model(2), tmp_path / "a.gif", particles=0, **options)

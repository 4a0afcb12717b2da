"""The examples run as a reader runs them, in fewer steps."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def run(*arguments, folder):
    """Output of an example, run in a folder of its own."""
    name, *rest = map(str, arguments)
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *rest],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """A month of made-up events, and a blast among them."""
    path = tmp_path_factory.mktemp("comcat") / "query.csv"
    rng = np.random.default_rng(0)
    count = 120
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.uniform(0, 31, count), unit="D")
    pd.DataFrame(
        {
            "time": days.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "latitude": -15 + 2 * rng.normal(size=count),
            "longitude": 160 + 4 * rng.normal(size=count),
            "mag": 5.0,
            "id": [f"us{i}" for i in range(count)],
            "updated": "2024-03-01T00:00:00.000Z",
            "type": ["quarry blast"] + ["earthquake"] * (count - 1),
        }
    ).to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_earthquakes_from_a_catalogue_to_a_map(catalogue, tmp_path):
    printed = run("earthquakes.py", catalogue, "--steps", 20, folder=tmp_path)
    assert "1 of 120 rows left out: no earthquakes (1 quarry blast)" in printed
    assert printed.count("events per square degree and day") == 3
    page = (tmp_path / "earthquakes" / "map.html").read_text()
    assert '"degrees":true' in page
    assert (tmp_path / "earthquakes" / "density.png").stat().st_size > 10_000


@pytest.mark.slow
def test_earthquakes_that_come_along(tmp_path):
    printed = run("earthquakes.py", "--steps", 20, "--out", "here", folder=tmp_path)
    assert "596 rows of lon, lat" in printed
    assert (tmp_path / "here" / "map.html").is_file()


@pytest.mark.slow
def test_cells_there_and_back(tmp_path):
    import anndata

    printed = run("cells.py", "--steps", 20, "--leave-out", 3, folder=tmp_path)
    assert "upper cells of time 4 come, above all, from" in printed
    cells = anndata.read_h5ad(tmp_path / "branching" / "cells.h5ad")
    assert {"velocity_pca", "velocity_umap", "conservax_at_4"} <= set(cells.obsm)
    assert cells.obs["came_from"].sum() == pytest.approx(1)
    for name in ("streamlines.png", "components.png", "population.gif"):
        assert (tmp_path / "branching" / name).stat().st_size > 10_000
    assert "left out of training" in (tmp_path / "branching" / "report.html").read_text()


@pytest.mark.slow
def test_steering_draws_its_paths(tmp_path):
    said = run("steering.py", "--quick", folder=tmp_path)
    assert said.count("PlanScores") == 2
    assert (tmp_path / "steering" / "paths.png").exists()

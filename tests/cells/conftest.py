"""Cells of a known law, in an AnnData object."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from conservax import ConservationLaw
from conservax.data import TimeAxis, Units
from conservax.fitting import Model
from conservax.flux import KnotheRosenblatt
from oracles import moving_logistic

DAYS = 4.0  # the law's time runs over so many
SPEED = np.array([2.0, -1.0])  # standardised, over all of them
GROWTH = np.array([0.5, 0.0])  # of log scales
STD, MEAN = np.array([10.0, 0.5]), np.array([3.0, -2.0])


def known_model(columns=("X_pca0", "X_pca1")) -> Model:
    """Two logistics that move on straight lines, one of which widens: z-scores are kept."""
    law = ConservationLaw(
        moving_logistic([0.0, 0.5], SPEED, [0.0, 0.3], GROWTH), KnotheRosenblatt()
    )
    axis = TimeAxis("day", "number", 0.0, DAYS)
    units = Units(axis, tuple(columns), tuple(MEAN.tolist()), tuple(STD.tolist()))
    return Model(law, units)


def known_flow(t0, t1, x):
    """Flow map of the law, in closed form, in the units of the data."""
    z = (x - MEAN) / STD
    at = [np.array([0.0, 0.5]) + SPEED * t / DAYS for t in (t0, t1)]
    wider = np.exp(GROWTH * (t1 - t0) / DAYS)
    return MEAN + STD * (at[1] + (z - at[0]) * wider)


def cells_at(model: Model, sizes: dict[float, int], *, more: int = 1):
    """Exact draws of the model at each time, with `more` columns in X_pca that it does not have."""
    import anndata

    t = np.repeat(list(sizes), list(sizes.values()))
    x = model.sample(t, len(t), seed=1)
    order = np.random.default_rng(0).permutation(len(t))
    pca = np.concatenate([x, np.ones((len(t), more))], 1)[order]
    obs = pd.DataFrame(
        {"day": pd.Categorical(t[order].astype(int)), "x0": pca[:, 0], "x1": pca[:, 1]},
        index=[f"cell{i}" for i in range(len(t))],
    )
    turn = np.array([[0.3, -2.0], [1.0, 0.1]])
    return anndata.AnnData(obs=obs, obsm={"X_pca": pca, "X_flat": pca[:, :2] @ turn})


@pytest.fixture(scope="module")
def known() -> Model:
    return known_model()


@pytest.fixture
def cells(known):
    return cells_at(known, {0.0: 300, 2.0: 200, 4.0: 250})


@pytest.fixture(scope="session")
def flow() -> Callable[..., np.ndarray]:
    return known_flow


@pytest.fixture(scope="session")
def model_of() -> Callable[..., Model]:
    return known_model

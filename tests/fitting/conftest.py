"""Small fits, and tables for them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import conservax
from conservax import Training
from conservax.models import Autoregressive

SMALL = {"kinetic_weight": 0.0, "width": 16, "depth": 1, "components": 3}
BRIEF = {"steps": 30, "batch_size": 32, "progress": False}
DAYS = pd.Timestamp("2024-01-01", tz="UTC")


@pytest.fixture(scope="session")
def quick_fit() -> Callable[..., conservax.Model]:
    """`conservax.fit` of a small network in a few steps.

    `model` and `training` are what differs, as dictionaries, or whole settings.
    """

    def fit(data, *, model=(), training=(), **how):
        if isinstance(model, tuple | dict):
            model = Autoregressive(**SMALL | dict(model))
        if isinstance(training, tuple | dict):
            training = Training(**BRIEF | dict(training))
        return conservax.fit(data, model=model, training=training, **how)

    return fit


@pytest.fixture(scope="session")
def drifting() -> Callable[..., pd.DataFrame]:
    """Points that drift to the right, in odd units, over ten days."""

    def table(n=300, seed=0):
        rng = np.random.default_rng(seed)
        days = np.sort(rng.uniform(0, 10, n))
        return pd.DataFrame(
            {
                "when": DAYS + pd.to_timedelta(days, unit="D"),
                "km": 1000 + 50 * days + 100 * rng.normal(size=n),
                "mg": 1e-3 * rng.normal(size=n),
            }
        )

    return table


@pytest.fixture(scope="session")
def quakes() -> Callable[..., pd.DataFrame]:
    """A record of a hundred days with a period of ten, in which two locations alternate."""

    def table(n=400, seed=0):
        rng = np.random.default_rng(seed)
        days = np.sort(rng.uniform(0, 100, n))
        return pd.DataFrame(
            {
                "when": DAYS + pd.to_timedelta(days, unit="D"),
                "km": 50 * (days % 10) + 20 * rng.normal(size=n),
                "mg": rng.choice([-1.0, 1.0], n) + 0.05 * rng.normal(size=n),
            }
        )

    return table


@pytest.fixture(scope="session")
def model(quick_fit, drifting) -> conservax.Model:
    """Of drifting points. Tests leave it as it is."""
    how = {"time": "when", "columns": ["km", "mg"], "holdout": conservax.HoldOut(test=0.2)}
    return quick_fit(drifting(), **how)

"""How well held-out rows are predicted, next to what else could have been fitted."""

from typing import NamedTuple

import numpy as np

from conservax.baseline import fit_gaussian_mixture, fit_kernel_density
from conservax.data import Table
from conservax.model._model import Model


class Score(NamedTuple):
    """Mean negative log-likelihood of one model, nats a row."""

    name: str
    nll: float  # of standardised rows
    nll_raw: float  # of rows in the units of the table
    error: float  # standard error of the mean
    detail: str


def scores(model: Model, table: Table) -> list[Score]:
    """The model first, then the baselines fitted on its training rows (where it has them)."""
    t = model.units.time.to_column(table.t)
    log_prob = model.log_prob(t, table.x) + model.units.log_volume
    result = [_score("this model", log_prob, model, "")]
    if model.split is None:
        return result
    train, validation = (model.units.standardise(part.x) for part in model.split[:2])
    x = model.units.standardise(table.x)
    seed = int(model.settings["seed"])
    for baseline in (
        fit_kernel_density(train, validation),
        fit_gaussian_mixture(train, validation, seed),
    ):
        result.append(_score(baseline.name, baseline.log_prob(x), model, baseline.detail))
    return result


def _score(name: str, log_prob: np.ndarray, model: Model, detail: str) -> Score:
    nll = -float(np.mean(log_prob))
    error = float(np.std(log_prob) / np.sqrt(len(log_prob)))
    return Score(name, nll, nll + model.units.log_volume, error, detail)

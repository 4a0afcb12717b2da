"""Base of trained models: a law with the units of its data, and how it was trained."""

import abc
from os import PathLike
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pandas as pd

from conservax.data import Units, check_output
from conservax.model._file import Stored, save_model
from conservax.model._settings import Settings


class AbstractModel(abc.ABC):
    """A trained law with the names and units of the data around it.

    **Attributes:**

    - `law`: over times [0, 1] and standardised positions.
    - `units`: names, time axis, mean and standard deviation of every coordinate.
    - `metrics`: a row per chunk of training: step, train, validation and every term.
    - `settings`: what was requested, and the outcome of training.
    - `split`: the rows it was trained, validated and tested on; None for a model from a file.
    """

    law: Any
    units: Units
    metrics: pd.DataFrame
    settings: Settings
    split: Any  # Split, EventSplit of windows, or None of a file

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return self.units.columns

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.units.dim

    @abc.abstractmethod
    def scores(self, table: Any = None) -> pd.DataFrame:
        """Held-out likelihood of this model beside that of the baselines, a row per model."""

    @abc.abstractmethod
    def report(self, path: str | PathLike[str] = "report.html", *, force: bool = False) -> Path:
        """Write one HTML page about the model, which opens offline."""

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the model to one file of arrays and plain JSON, which `conservax.load` reads.

        **Raises:** `DataError` if the path exists; `CodecError` if the law holds functions.
        """
        check_output(path, force)
        self.write(Path(path))

    def write(self, path: Path) -> None:
        """`save` without the check of the path."""
        reference = getattr(self, "reference", None)
        save_model(path, Stored(self.law, self.units, self.settings, self.metrics, reference))

    @property
    def dtype(self) -> np.dtype:
        """The precision of the law."""
        floats = (leaf for leaf in jax.tree.leaves(self.law) if eqx.is_inexact_array(leaf))
        return next(floats, np.zeros((), np.float32)).dtype

    def _cast(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(values, self.dtype)

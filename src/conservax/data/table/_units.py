"""The units of a data set, and the map to the standardised coordinates a model works in."""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from jaxtyping import Float64
from numpy.typing import ArrayLike

from conservax.data.table._errors import DataError
from conservax.data.table._table import Table
from conservax.data.table._time import TimeAxis


@dataclass(frozen=True)
class Units:
    """Time axis, and mean and standard deviation of every coordinate.

    z = (x - mean) / std, so that log rho(x) = log rho(z) - `log_volume`.

    **Attributes:**

    - `time`: the time axis.
    - `columns`: names of the coordinates, `dim` of them.
    - `mean`, `std`: per coordinate, in its unit; `std > 0`.
    """

    time: TimeAxis
    columns: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self):
        if not len(self.columns) == len(self.mean) == len(self.std):
            raise DataError(
                f"expected one mean and one std for each of {list(self.columns)}; "
                f"got {len(self.mean)} and {len(self.std)}."
            )
        for name, mean, std in zip(self.columns, self.mean, self.std, strict=True):
            if not (math.isfinite(mean) and 0 < std < math.inf):
                raise DataError(
                    f"column {name!r}: expected a finite mean and a std above 0; got {mean} and "
                    f"{std}. Leave out a constant column, rescale one with huge values."
                )

    @classmethod
    def of(cls, table: Table) -> Self:
        """Units of the training rows: `std` is the unbiased estimate (n - 1)."""
        time = TimeAxis.of(table)
        # A constant column has std exactly 0, where rounding of the mean would leave 1e-17.
        varies = table.x.min(0) < table.x.max(0)
        with np.errstate(over="ignore", invalid="ignore"):  # refused by name in `__post_init__`
            mean, std = table.x.mean(0), np.where(varies, table.x.std(0, ddof=1), 0.0)
        return cls(time, table.columns, tuple(mean.tolist()), tuple(std.tolist()))

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.columns)

    @property
    def log_volume(self) -> float:
        """Log |dx / dz| = sum of log std, in nats."""
        return math.fsum(math.log(std) for std in self.std)

    def standardise(self, x: ArrayLike) -> Float64[np.ndarray, "*batch dim"]:
        """Points in the units of the data, shape `(..., dim)`, to standardised ones."""
        return (self._points(x) - np.array(self.mean)) / np.array(self.std)

    def restore(self, z: ArrayLike) -> Float64[np.ndarray, "*batch dim"]:
        """Standardised points, shape `(..., dim)`, to the units of the data."""
        return self._points(z) * np.array(self.std) + np.array(self.mean)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary of text, numbers and lists."""
        return {
            "time": self.time.to_json(),
            "columns": list(self.columns),
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> Self:
        """The units that `to_json` described."""
        mean, std = tuple(map(float, saved["mean"])), tuple(map(float, saved["std"]))
        return cls(TimeAxis.from_json(saved["time"]), tuple(saved["columns"]), mean, std)

    def _points(self, x: ArrayLike) -> np.ndarray:
        if isinstance(x, pd.DataFrame):
            missing = [name for name in self.columns if name not in x]
            if missing:
                raise DataError(f"expected columns {list(self.columns)}; got {list(x)}. Rename.")
            x = x[list(self.columns)]
        try:
            points = np.asarray(x, np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"expected points of numbers; {error}. Times come first.") from error
        if self.dim == 1 and points.ndim == 1 and points.size != 1:
            points = points[:, None]
        if points.shape[-1:] != (self.dim,):
            raise DataError(
                f"expected points of shape (..., {self.dim}), one value for each of "
                f"{list(self.columns)}; got {points.shape}."
            )
        return points

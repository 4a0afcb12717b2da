"""The user's object: a law with the units of the data around it."""

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax.tree_util import Partial
from jaxtyping import Float
from numpy.typing import ArrayLike

from conservax.check import CheckReport, Population, calibration, check, snapshot_distances
from conservax.data import (
    MEMORY_ROWS,
    DataError,
    Events,
    Split,
    Stream,
    Table,
    Units,
    check_out,
    open_table,
    read_again,
)
from conservax.law import ConservationLaw
from conservax.model._file import load_model, save_model
from conservax.model._population import held_out_snapshots, population_of
from conservax.model._rows import over_rows
from conservax.objective import Rows
from conservax.transport import transport


class ExtrapolationWarning(UserWarning):
    """A time outside the range that the model was fitted on."""


class Model:
    """A fitted law in the units of its table: rows in, rows out, NumPy arrays.

    Times are what the table holds (numbers or timestamps), one value or one a row. Positions
    have shape `(rows, dim)`, in the order of `columns`, or are a DataFrame with these columns; one
    point may have shape `(dim,)`, and points on a line `(rows,)`.

    **Attributes:**

    - `law`: the `ConservationLaw`, over times [0, 1] and standardised positions.
    - `units`: names, time axis, mean and standard deviation of every coordinate.
    - `history`: a row a chunk of training: step, train, validation and every term.
    - `settings`: how it was fitted.
    - `split`: the rows it was fitted, validated and tested on; None for a model from a file.
    """

    def __init__(
        self,
        law: ConservationLaw,
        units: Units,
        *,
        history: pd.DataFrame,
        settings: dict[str, Any],
        split: Split | None = None,
    ):
        self.law, self.units = law, units
        self.history, self.settings, self.split = history, settings, split

    def __repr__(self) -> str:
        axis = self.units.time
        return (
            f"Model of {', '.join(self.columns)} over {axis.name} from "
            f"{axis.format(axis.start)} to {axis.format(axis.end)}"
        )

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.units.dim

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return self.units.columns

    def log_prob(self, t: Any, x: ArrayLike) -> Float[np.ndarray, " rows"]:
        """log density, nats, per product of the units of the columns."""
        log_prob = over_rows(Partial(ConservationLaw.log_prob, self.law), *self._inside(t, x))
        return log_prob.astype(np.float64) - self.units.log_volume

    def sample(self, t: Any, n: int | None = None, *, seed: int = 0) -> Float[np.ndarray, "n dim"]:
        """`n` exact draws at one time, or one draw at each of many times."""
        if n is not None and (not isinstance(n, int | np.integer) or n < 0):
            raise DataError(f"expected a whole number n >= 0; got {n!r}.")
        t = self._times(t, n)
        draw = Partial(_sample, self.law, jax.random.key(seed))
        return self.units.restore(over_rows(draw, np.arange(len(t)), t))

    def velocity(self, t: Any, x: ArrayLike) -> Float[np.ndarray, "rows dim"]:
        """Velocity of the population, in units of the columns per unit of time.

        The unit of time is that of the table, and a day for timestamps.
        """
        velocity = over_rows(Partial(ConservationLaw.velocity, self.law), *self._inside(t, x))
        return velocity * np.array(self.units.std) / self.units.time.scale

    def drift(self, t: Any, x: ArrayLike) -> Float[np.ndarray, "rows dim"]:
        """Drift of the stochastic process with the law's diffusion, in the units of `velocity`."""
        drift = over_rows(Partial(ConservationLaw.drift, self.law), *self._inside(t, x))
        return drift * np.array(self.units.std) / self.units.time.scale

    def score(self, t: Any, x: ArrayLike) -> Float[np.ndarray, "rows dim"]:
        """Gradient of the log density, per unit of the columns."""
        score = over_rows(Partial(ConservationLaw.score, self.law), *self._inside(t, x))
        return score / np.array(self.units.std)

    def transport(
        self, x: ArrayLike, t0: Any, t1: Any, *, diffusion: float = 0.0, seed: int = 0
    ) -> Float[np.ndarray, "rows dim"]:
        """Where the points x of time t0 are at time t1, forward or backward.

        Without diffusion by the closed flow map where the law has one, else by the ODE. With
        diffusion by the SDE that has the same marginals; `diffusion` is in standard deviations of
        the data per square root of the fitted time range.
        """
        t0, x = self._inside(t0, x)
        times = np.stack([t0, self._times(t1, len(x))], axis=1)
        move = Partial(_transport, self.law, diffusion, jax.random.key(seed))
        return self.units.restore(over_rows(move, np.arange(len(x)), times, x))

    def calibration(self, table: Table) -> Float[np.ndarray, "rows dim"]:
        """Conditional CDF values of the rows of a table: uniform where the model is right."""
        rows = self.rows(table)
        return np.asarray(calibration(self.law, rows.t, rows.x))

    def check(self, table: Table | None = None, *, seed: int = 0) -> CheckReport:
        """Prove what can be proved: conservation, mass, spurious flux, samples, held-out data.

        `table` is data the model has not seen; by default the test rows of the split, or its
        validation rows.
        """
        if table is None and self.split is not None:
            held_out = self.split.held_out()
            table = held_out[1] if held_out else None
        t, x = (None, None) if table is None else self.rows(table)[:2]
        return check(self.law, key=jax.random.key(seed), t=t, x=x)

    def population(self, *, tolerance: float = 1e-6, max_steps: int = 4096) -> Population:
        """The model as what `conservax.check.snapshot_distances` judges, in the units of its table.

        `tolerance`, `max_steps`: of the ODE, in standard deviations; see `transport.solve_ode`.
        """
        return population_of(self, tolerance, max_steps)

    def snapshot_distances(
        self,
        table: Table | None = None,
        others: Table | None = None,
        *,
        standardised: bool = True,
        repeats: int = 20,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Exact W1 and W2 of draws and of carried cells to held-out cells, beside their floors.

        **Arguments:**

        - `table`: snapshots that the model has not seen; by default the test rows of the split, or
          its validation rows.
        - `others`: more real rows, for the floor alone; by default all other rows of the split.
        - `standardised`: whether distances are in standard deviations, or in the units of the data.
        - `repeats`, `seed`: see `conservax.check.snapshot_distances`, which tells what is returned.
        """
        snapshots, pool = held_out_snapshots(self.split, table, others)
        return snapshot_distances(
            self.population(),
            snapshots,
            pool,
            scale=self.units.std if standardised else 1.0,
            repeats=repeats,
            seed=seed,
        )

    def report(
        self,
        path: str | PathLike[str] = "report.html",
        *,
        lines: Sequence[np.ndarray] = (),
        force: bool = False,
    ) -> Path:
        """Write one HTML page about the model, which opens offline.

        `lines`, each of shape `(points, 2)` in the units of the columns, are drawn on the picture
        of a model of two coordinates: coasts, say.
        """
        from conservax.report import write_report

        check_out(path, force)
        return write_report(self, Path(path), lines=lines)

    def save(self, path: str | PathLike[str], *, force: bool = False) -> None:
        """Write the model to one file of arrays and plain JSON.

        **Raises:** `DataError` if the path exists; `CodecError` if the law holds functions.
        """
        check_out(path, force)
        self.write(Path(path))

    def write(self, path: Path) -> None:
        """`save` that replaces what is there."""
        save_model(path, self.law, self.units, self.settings, self.history)

    @classmethod
    def load(cls, path: str | PathLike[str], *, split: Split | None = None) -> Self:
        """Read a model file. See `conservax.load`."""
        stored = load_model(Path(path))
        if not isinstance(stored.law, ConservationLaw):
            raise DataError(f"{path}: a model of events with memory. Read it with conservax.load.")
        return cls(
            stored.law, stored.units, history=stored.history, settings=stored.settings, split=split
        )

    def read(self, source: Any) -> Table:
        """Rows of another source, read in the way of those that the model was fitted to.

        **Raises:** `DataError` if names or kinds differ.
        """
        rows = read_again(source, like=self.units, **self._how())
        return rows.table() if isinstance(rows, Events) else rows

    def open(self, source: Any, *, memory_rows: int = MEMORY_ROWS) -> Table | Stream:
        """`read`, but a Parquet file of more than `memory_rows` rows is left where it is.

        Not for windows of events and for catalogues, which are held whole.
        """
        if any(how is not None for how in self._how().values()):
            return self.read(source)
        return open_table(source, like=self.units, memory_rows=memory_rows)

    def rows(self, table: Table) -> Rows:
        """A table in law units, as arrays of the law's precision."""
        t, x = self._cast(self.units.time.to_unit(table.t)), self.units.standardise(table.x)
        return Rows(jnp.asarray(t), jnp.asarray(self._cast(x)))

    def _how(self) -> dict[str, Any]:
        """How the rows were read that the model was fitted to."""
        return {name: self.settings.get(name) for name in ("events", "comcat")}

    def _cast(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(values, jax.tree.leaves(self.law)[0].dtype)

    def _inside(self, t: Any, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Times and points in law units, a row each."""
        x = self._cast(np.atleast_2d(self.units.standardise(x)))
        return self._times(t, len(x), caller=4), x

    def _times(self, t: Any, count: int | None, caller: int = 3) -> np.ndarray:
        axis = self.units.time
        t = axis.parse(t)
        if t.ndim == 0:
            t = np.full(1 if count is None else count, float(t))
        if t.ndim != 1 or (count is not None and len(t) != count):
            raise DataError(f"expected one time, or {count} times, one a row; got shape {t.shape}.")
        beyond = t[(t < axis.start) | (t > axis.end)]
        if len(beyond):
            warnings.warn(
                f"extrapolation: {axis.name} = {axis.format(beyond[0])} is outside the fitted "
                f"range from {axis.format(axis.start)} to {axis.format(axis.end)}.",
                ExtrapolationWarning,
                stacklevel=caller,
            )
        return self._cast(axis.to_unit(t))


def _sample(law, key, row, t):
    return law.sample(jax.random.fold_in(key, row), t)


def _transport(law, diffusion, key, row, times, x):
    own = jax.random.fold_in(key, row)
    return transport(law, x, times, key=own, diffusion=diffusion)[-1]

"""A trained law in the units of its table, as functions of NumPy rows."""

import warnings
from dataclasses import replace
from typing import Any

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
    open_table,
    read_table,
)
from conservax.law import ConservationLaw
from conservax.model._base import AbstractModel
from conservax.model._over_rows import over_rows
from conservax.model._population import held_out_snapshots, population_of
from conservax.model._settings import Settings
from conservax.model._to_law_units import rows_in_units
from conservax.objective import Rows
from conservax.reference import AbstractReference
from conservax.transport import transport, transport_with_growth


class ExtrapolationWarning(UserWarning):
    """A time outside the range that the model was fitted on."""


class AbstractLawInUnits(AbstractModel):
    """A trained `ConservationLaw` in the units of its table, as functions of NumPy rows.

    Times are what the table holds (numbers or timestamps), one value or one per row. Positions
    have shape `(rows, dim)`, in the order of `columns`, or are a DataFrame with these columns; one
    point may have shape `(dim,)`, and points on a line `(rows,)`.

    **Attributes:** those of `AbstractModel`, and

    - `reference`: the reference in law units, as it was learned; None without one.
    """

    law: ConservationLaw
    split: Split | None
    reference: AbstractReference | None

    def __init__(
        self,
        law: ConservationLaw,
        units: Units,
        *,
        metrics: pd.DataFrame | None = None,
        settings: Settings | None = None,
        split: Split | None = None,
        reference: AbstractReference | None = None,
    ):
        self.law, self.units, self.split, self.reference = law, units, split, reference
        self.metrics = pd.DataFrame() if metrics is None else metrics
        self.settings = Settings() if settings is None else settings

    @property
    def fitted(self) -> tuple[float, float]:
        """The first and the last time that it was trained on, as `units.time` counts."""
        axis = self.units.time
        return self.settings.fitted or (axis.start, axis.end)

    def __repr__(self) -> str:
        axis = self.units.time
        return (
            f"Model of {', '.join(self.columns)} over {axis.name} from "
            f"{axis.format(axis.start)} to {axis.format(axis.end)}"
        )

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

    def growth(self, t: Any, x: ArrayLike) -> Float[np.ndarray, " rows"]:
        """Births less deaths, per individual and unit of time; 0 for a model without growth."""
        growth = over_rows(Partial(ConservationLaw.growth, self.law), *self._inside(t, x))
        return growth / self.units.time.scale

    def mass(self, t: Any) -> Float[np.ndarray, " times"]:
        """Size of the population over its size at the first time; 1 for a model without growth."""
        log_mass = over_rows(Partial(ConservationLaw.log_mass, self.law), self._times(t, None))
        return np.exp(log_mass)

    def transport(
        self, x: ArrayLike, t0: Any, t1: Any, *, diffusion: float = 0.0, seed: int = 0
    ) -> Float[np.ndarray, "rows dim"]:
        """Transport the points x of time t0 to time t1, forward or backward.

        Without diffusion by the closed flow map where the law has one, else by the ODE. With
        diffusion by the SDE that has the same marginals; `diffusion` is in standard deviations of
        the data per square root of the fitted time range.

        **Raises:** `FloatingPointError`, with the first row whose path the ODE does not find.
        """
        t0, x = self._inside(t0, x)
        times = np.stack([t0, self._times(t1, len(x))], axis=1)
        move = Partial(_transport, self.law, diffusion, jax.random.key(seed))
        moved = self.units.restore(over_rows(move, np.arange(len(x)), times, x))
        self._check_solved(moved, diffusion)
        return moved

    def transport_with_growth(
        self, x: ArrayLike, t0: Any, t1: Any, *, diffusion: float = 0.0, seed: int = 0
    ) -> tuple[Float[np.ndarray, "rows dim"], Float[np.ndarray, " rows"]]:
        """`transport`, and the expected number of individuals at time t1 for each of time t0.

        Its descendants, by the growth along its path; or at an earlier time t1 the part of an
        ancestor that it stands for. The mean over the population of t0 is mass(t1) / mass(t0);
        1 for a model without growth.

        **Raises:** as `transport`.
        """
        t0, x = self._inside(t0, x)
        times = np.stack([t0, self._times(t1, len(x))], axis=1)
        move = Partial(_transport_with_growth, self.law, diffusion, jax.random.key(seed))
        dim = x.shape[1]
        found = over_rows(move, np.arange(len(x)), times, x)
        self._check_solved(found, diffusion)
        return self.units.restore(found[:, :dim]), np.exp(found[:, dim].astype(np.float64))

    def calibration(self, table: Table) -> Float[np.ndarray, "rows dim"]:
        """Conditional CDF values of the rows of a table: uniform where the model is right."""
        rows = self.rows(table)
        return np.asarray(calibration(self.law, rows.t, rows.x))

    def check(self, table: Table | None = None, *, seed: int = 0) -> CheckReport:
        """Check conservation, mass, spurious flux, samples and held-out data.

        `table` is data the model has not seen; by default the test rows of the split, or its
        validation rows.
        """
        if table is None and self.split is not None:
            held_out = self.split.held_out()
            table = held_out[1] if held_out else None
        t, x = (None, None) if table is None else self.rows(table)[:2]
        found = check(self.law, key=jax.random.key(seed), t=t, x=x)
        # Checks that were made with the model, from what it was made from.
        return replace(found, results=(*found.results, *self.settings.checks))

    def population(self, *, tolerance: float = 1e-6, max_steps: int = 4096) -> Population:
        """The model as a population for `conservax.check.snapshot_distances`, in the units of its table.

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
        """Exact W1 and W2 of draws and of transported cells to held-out cells, beside their floors.

        **Arguments:**

        - `table`: snapshots that the model has not seen; by default the test rows of the split, or
          its validation rows.
        - `others`: more real rows, for the floor alone; by default all other rows of the split.
        - `standardised`: whether distances are in standard deviations, or in the units of the data.
        - `repeats`, `seed`: see `conservax.check.snapshot_distances`, which says what is returned.
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

    def read(self, source: Any) -> Table:
        """Rows of another source, read as those that the model was trained on.

        **Raises:** `DataError` if names or kinds differ.
        """
        reader = self.settings.reader
        if reader is None:
            return read_table(source, schema=self.units)
        rows = reader.read(source, self.units)
        return rows.table() if isinstance(rows, Events) else rows

    def open(self, source: Any, *, memory_rows: int = MEMORY_ROWS) -> Table | Stream:
        """`read`, but a Parquet file of more than `memory_rows` rows is left where it is.

        Not for windows of events and for catalogues, which are held whole.
        """
        if self.settings.reader is not None:
            return self.read(source)
        return open_table(source, schema=self.units, memory_rows=memory_rows)

    def rows(self, table: Table) -> Rows:
        """A table in law units, as arrays of the law's precision."""
        return rows_in_units(self.units, table, self.dtype)

    def _check_solved(self, moved: np.ndarray, diffusion: float) -> None:
        """Refuse positions that the ODE did not reach; flow maps and SDEs do not give up."""
        lost = np.flatnonzero(~np.isfinite(moved).all(axis=1))
        if len(lost) and not diffusion and not self.law.has_flow_map:
            raise FloatingPointError(
                f"expected a path for each point; the ODE found none for {len(lost)} of {len(moved)}, the "
                f"first in row {lost[0]}: the velocity there is too rough, or not finite. Leave out "
                "points far from the data, or give diffusion above 0, whose SDE has the same densities."
            )

    def _inside(self, t: Any, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Times and points in law units, one per row."""
        x = self._cast(np.atleast_2d(self.units.standardise(x)))
        return self._times(t, len(x), caller=4), x

    def _times(self, t: Any, count: int | None, caller: int = 3) -> np.ndarray:
        axis = self.units.time
        t = axis.parse(t)
        if t.ndim == 0:
            t = np.full(1 if count is None else count, float(t))
        if t.ndim != 1 or (count is not None and len(t) != count):
            raise DataError(
                f"expected one time, or {count} times, one per row; got shape {t.shape}."
            )
        first, last = self.fitted
        beyond = t[(t < first) | (t > last)]
        if len(beyond):
            warnings.warn(
                f"extrapolation: {axis.name} = {axis.format(beyond[0])} is outside the fitted "
                f"range from {axis.format(first)} to {axis.format(last)}.",
                ExtrapolationWarning,
                stacklevel=caller,
            )
        return self._cast(axis.to_unit(t))


def _sample(law, key, row, t):
    return law.sample(jax.random.fold_in(key, row), t)


def _transport(law, diffusion, key, row, times, x):
    own = jax.random.fold_in(key, row)
    return transport(law, x, times, key=own, diffusion=diffusion, throw=False)[-1]


def _transport_with_growth(law, diffusion, key, row, times, x):
    own = jax.random.fold_in(key, row)
    end, log_number = transport_with_growth(
        law, x, *times, key=own, diffusion=diffusion, throw=False
    )
    return jnp.append(end, log_number)

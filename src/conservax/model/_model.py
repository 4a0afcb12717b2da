"""The user's object: a law with the units of the data around it."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from conservax.check import (
    CheckReport,
    CheckResult,
    Population,
    calibration,
    check,
    snapshot_distances,
)
from conservax.data import (
    MEMORY_ROWS,
    Cells,
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
from conservax.model._law_in_units import AbstractLawInUnits
from conservax.model._population import held_out_snapshots, population_of
from conservax.objective import Rows


class Model(AbstractLawInUnits):
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
        self.fitted = tuple(settings.get("fitted", (units.time.start, units.time.end)))
        self.history, self.settings, self.split = history, settings, split

    def __repr__(self) -> str:
        axis = self.units.time
        return (
            f"Model of {', '.join(self.columns)} over {axis.name} from "
            f"{axis.format(axis.start)} to {axis.format(axis.end)}"
        )

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
        found = check(self.law, key=jax.random.key(seed), t=t, x=x)
        # What was checked as the model was made, and cannot be without what it was made from.
        made = (CheckResult(**result) for result in self.settings.get("checks", ()))
        return CheckReport((*found.results, *made))

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

    def annotate(
        self,
        cells: Cells,
        *,
        to: Any = None,
        embedding: str | None = None,
        key: str = "conservax",
    ) -> None:
        """Write what the model says of each cell into an AnnData object, at the cell's own time.

        - `obsm["velocity_pca"]`, if the model is of columns of `obsm["X_pca"]`: velocities in its
          units per unit of time, the name and shape that scVelo and CellRank look for; columns
          that the model has not are NaN. For a model of other columns `obsm[f"velocity_{key}"]`,
          beside its coordinates in `obsm[f"X_{key}"]`.
        - `obs[f"{key}_log_density"]`: as `log_prob`.
        - `obs[f"{key}_growth"]`, for a model with growth: births less deaths per cell and unit of time.
        - `obsm[f"{key}_at_3"]`, with `to=3`: where each cell is then, forward or backward, in the
          coordinates of the model; and with growth `obs[f"{key}_number_at_3"]`: how many it is
          then, its descendants, or at an earlier time the part of an ancestor that it stands for.
        - `obsm["velocity_umap"]`, with `embedding="X_umap"`: velocities seen in the first two
          columns of an embedding, per unit of time. Around each cell the embedding is taken to be
          affine, by a fit to the 30 nearest of at most 50 000 cells: exact for linear embeddings,
          an average over what was torn apart elsewhere.

        Rows are worked off in blocks: memory is a few copies of the coordinates.

        **Raises:** `DataError`, before anything is written, if times or coordinates are missing.
        """
        from conservax.model._annotate import annotate

        annotate(self, cells, to=to, embedding=embedding, key=key)

    def push(
        self,
        cells: Cells,
        group: Mapping[str, Any] | ArrayLike,
        t0: Any,
        t1: Any,
        *,
        key: str = "conservax_push",
        neighbours: int = 5,
        growth: bool = True,
        diffusion: float = 0.0,
        seed: int = 0,
    ) -> Float[np.ndarray, "carried dim"]:
        """Where a group of cells of time t0 is at the later time t1, and which cells it becomes.

        `group` is a column of `obs` and its value or values, `{"cell_type": "stem"}`, or a mask
        over all cells; those of time t0 are meant. They are carried along the flow of the model, or
        with `diffusion` by one random path each, as in `transport`. `obs[key]` then holds the share
        of their descendants that each cell of time t1 stands for: shares add up to one, cells of
        other times have NaN. In a model with growth a cell counts by how many it has become on its
        way (`transport_with_growth`); with `growth=False`, and in other models, all count the same.

        What is approximate: that cells move as the model says, which snapshots cannot tell; and the
        shares, since a carried cell lies between the cells of t1. Its nearest `neighbours`, in
        standardised coordinates, share it, nearer ones more: by a Gaussian whose width is the
        distance of the farthest.

        **Returns:** where the cells of the group are at t1, in the order of the cells.

        **Raises:** `DataError` if a time, column or value is not there, or no cell is of the group.
        """
        from conservax.model._fates import carry

        if not self.units.time.parse(t0) < self.units.time.parse(t1):
            raise DataError(f"expected to push to a later time; got {t0!r} and {t1!r}. Use pull.")
        how: dict[str, Any] = {"key": key, "count": neighbours, "growth": growth}
        how |= {"diffusion": diffusion, "seed": seed}
        return carry(self, cells, group, t0, t1, **how)

    def pull(
        self,
        cells: Cells,
        group: Mapping[str, Any] | ArrayLike,
        t1: Any,
        t0: Any,
        *,
        key: str = "conservax_pull",
        neighbours: int = 5,
        growth: bool = True,
        diffusion: float = 0.0,
        seed: int = 0,
    ) -> Float[np.ndarray, "carried dim"]:
        """Where a group of cells of time t1 was at the earlier time t0, and which cells it was.

        As `push`, backward: along the same flow, or with `diffusion` by the reversed process.
        `obs[key]` holds the share of their ancestors: where a cell of time t0 has become ten of the
        group, each of the ten counts as a tenth. With `growth=False` each counts as one, and the
        share is that of the group which descends from each cell of t0.
        """
        from conservax.model._fates import carry

        if not self.units.time.parse(t0) < self.units.time.parse(t1):
            raise DataError(f"expected to pull to an earlier time; got {t1!r}, {t0!r}. Use push.")
        how: dict[str, Any] = {"key": key, "count": neighbours, "growth": growth}
        how |= {"diffusion": diffusion, "seed": seed}
        return carry(self, cells, group, t1, t0, **how)

    def streamlines(
        self,
        path: str | PathLike[str] = "streamlines.png",
        *,
        t: Any = None,
        cells: Cells | None = None,
        embedding: str | None = None,
        force: bool = False,
    ) -> Path:
        """Draw the velocity as streamlines over two coordinates, or over an embedding of cells.

        Over the first two coordinates the velocity is averaged over the others: at time t, over
        draws of the model; without t over cells, each at its own time, or over the rows that the
        model was fitted to. `embedding` names an array of `cells.obsm`, such as "X_umap"; velocities
        are seen in it as in `annotate`. Streamlines end where there is hardly anyone.

        **Raises:** `DataError` if there are not two coordinates, or no such embedding.
        """
        from conservax.report import write_streamlines

        check_out(path, force, ".png")
        return write_streamlines(self, Path(path), t=t, cells=cells, embedding=embedding)

    def animate(
        self,
        path: str | PathLike[str] = "population.gif",
        *,
        cells: Cells | None = None,
        embedding: str | None = None,
        particles: int = 1500,
        seconds: float = 6.0,
        force: bool = False,
    ) -> Path:
        """Draw the population over time as a GIF: draws of the first time, carried by the flow.

        Over the first two coordinates, or over an `embedding` of `cells`, in which a draw is at the
        mean of the five cells that are nearest to it.

        **Raises:** `DataError` as `streamlines`.
        """
        from conservax.report import write_animation

        check_out(path, force, ".gif")
        how = {"cells": cells, "embedding": embedding, "particles": particles, "seconds": seconds}
        return write_animation(self, Path(path), **how)

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
        rows = Rows(jnp.asarray(t), jnp.asarray(self._cast(x)))
        if table.growth is None:
            return rows
        return rows._replace(growth=jnp.asarray(self._cast(table.growth * self.units.time.scale)))

    def _how(self) -> dict[str, Any]:
        """How the rows were read that the model was fitted to."""
        return {name: self.settings.get(name) for name in ("events", "comcat")}

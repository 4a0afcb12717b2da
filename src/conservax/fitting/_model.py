"""The result of `fit`: a trained law in the units of its data, and its uses."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from conservax.cells import annotate, transport_cells
from conservax.data import Cells, DataError, Stream, Table, check_output
from conservax.model import AbstractLawInUnits
from conservax.report import write_animation, write_report, write_streamlines
from conservax.scoring import score_frame


class Model(AbstractLawInUnits):
    """A trained law in the units of its table: rows in, rows out, NumPy arrays.

    Times are what the table holds (numbers or timestamps), one value or one per row. Positions
    have shape `(rows, dim)`, in the order of `columns`, or are a DataFrame with these columns; one
    point may have shape `(dim,)`, and points on a line `(rows,)`.

    **Attributes:**

    - `law`: the `ConservationLaw`, over times [0, 1] and standardised positions.
    - `units`: names, time axis, mean and standard deviation of every coordinate.
    - `metrics`: a row per chunk of training: step, train, validation and every term.
    - `settings`: the settings of the fit, and the outcome of training.
    - `split`: the rows it was trained, validated and tested on; None for a model from a file.
    - `reference`: the reference in law units, as it was learned along; None without one.
    """

    def scores(self, table: Table | Stream | None = None) -> pd.DataFrame:
        """Held-out negative log-likelihood of this model and of the baselines, one row per model.

        Columns: `model`, `detail` (what was chosen on the validation rows), `nll` in nats per row of
        standardised coordinates, `nll_raw` in the units of the data, `difference` to this model
        (above 0 where this model is better) and its standard `error`. By default of the test rows,
        or else of the validation rows.

        **Raises:** `DataError` if there are no held-out rows and no table.
        """
        return score_frame(self, table)

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
        check_output(path, force)
        return write_report(self, Path(path), lines=lines)

    def annotate(
        self,
        cells: Cells,
        *,
        to: Any = None,
        embedding: str | None = None,
        key: str = "conservax",
    ) -> None:
        """Annotate the cells of an AnnData object, each at its own time, with quantities of the model.

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
          an average elsewhere.

        Rows are processed in blocks: memory is a few copies of the coordinates.

        **Raises:** `DataError`, before anything is written, if times or coordinates are missing.
        """
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
    ) -> Float[np.ndarray, "cells dim"]:
        """Push a group of cells of time t0 forward to t1: their positions and descendants.

        `group` is a column of `obs` and its value or values, `{"cell_type": "stem"}`, or a mask
        over all cells; those of time t0 are meant. They are transported along the flow of the
        model, or with `diffusion` along one random path each, as in `transport`. `obs[key]` then
        holds the weight of each cell of time t1 among their descendants: weights add up to one,
        cells of other times have NaN. In a model with growth a cell is weighted by the number that
        it has become (`transport_with_growth`); with `growth=False`, and in other models, all have equal weight.

        What is approximate: the motion of cells, which snapshots do not determine; and the weights,
        since a transported cell lies between the cells of t1. Its weight is distributed over its
        nearest `neighbours` in standardised coordinates: by a Gaussian whose width is the
        distance of the farthest.

        **Returns:** positions of the cells of the group at t1, in the order of the cells.

        **Raises:** `DataError` if a time, column or value is not there, or no cell is of the group.
        """
        if not self.units.time.parse(t0) < self.units.time.parse(t1):
            raise DataError(f"expected to push to a later time; got {t0!r} and {t1!r}. Use pull.")
        options: dict[str, Any] = {"key": key, "count": neighbours, "growth": growth}
        options |= {"diffusion": diffusion, "seed": seed}
        return transport_cells(self, cells, group, t0=t0, t1=t1, **options)

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
    ) -> Float[np.ndarray, "cells dim"]:
        """Pull a group of cells of time t1 back to t0: their positions and ancestors.

        As `push`, backward: along the same flow, or with `diffusion` by the reversed process.
        `obs[key]` holds the weight of each cell of t0 among their ancestors: where a cell of time t0
        has become ten of the group, each of the ten counts as a tenth. With `growth=False` each
        counts as one, and the weight is the fraction of the group that descends from each cell of t0.
        """
        if not self.units.time.parse(t0) < self.units.time.parse(t1):
            raise DataError(f"expected to pull to an earlier time; got {t1!r}, {t0!r}. Use push.")
        options: dict[str, Any] = {"key": key, "count": neighbours, "growth": growth}
        options |= {"diffusion": diffusion, "seed": seed}
        return transport_cells(self, cells, group, t0=t1, t1=t0, **options)

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
        check_output(path, force, ".png")
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
        """Draw the population over time as a GIF: draws of the first time, transported along the flow.

        Over the first two coordinates, or over an `embedding` of `cells`, in which a draw is at the
        mean of the five cells that are nearest to it.

        **Raises:** `DataError` as `streamlines`.
        """
        check_output(path, force, ".gif")
        options = {"cells": cells, "embedding": embedding}
        return write_animation(self, Path(path), **options, particles=particles, seconds=seconds)

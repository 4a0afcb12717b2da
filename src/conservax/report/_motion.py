"""Positions and velocities in a plane: two coordinates of the model, or an embedding of cells."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from conservax.cells import Embedding, embedded, rows_of
from conservax.data import Cells, DataError
from conservax.model import AbstractLawInUnits

MAX_CELLS = 20_000
_DRAWS = 20_000


class Motion(NamedTuple):
    """Points in a plane with their velocities and times (numbers or seconds)."""

    t: Float[np.ndarray, " points"]
    x: Float[np.ndarray, "points 2"]
    velocity: Float[np.ndarray, "points 2"]
    names: tuple[str, str]


class Plane(NamedTuple):
    """Cells in the coordinates of the model and in a plane, and the projection to it.

    `observed`: whether the cells are data, not draws of the model.
    """

    t: Float[np.ndarray, " points"]
    x: Float[np.ndarray, "points dim"]
    projected: Float[np.ndarray, "points 2"]
    names: tuple[str, str]
    embedding: Embedding | None
    observed: bool = True

    def project(
        self, model: AbstractLawInUnits, x: Float[np.ndarray, "rows dim"]
    ) -> Float[np.ndarray, "rows 2"]:
        """Project positions of the model to the plane."""
        if self.embedding is None:
            return x[:, :2]
        return self.embedding.project(model.units.standardise(x))


def plane(model: AbstractLawInUnits, cells: Cells | None, embedding: str | None) -> Plane:
    """Project at most 20 000 cells, or rows of the model, or draws where it has none, to a plane.

    **Raises:** `DataError` if the model has one coordinate, or an embedding has no cells.
    """
    if embedding is not None:
        if cells is None:
            raise DataError(f"expected cells beside embedding={embedding!r}; got none. Give both.")
        return _embedded(model, cells, embedding)
    if model.units.dim < 2:
        raise DataError("expected a model of two coordinates or more to draw; got one.")
    t, x = _rows(model, cells)
    rows = _subsample(len(t))
    names = (model.units.columns[0], model.units.columns[1])
    observed = cells is not None or model.split is not None
    return Plane(t[rows], x[rows], x[rows, :2], names, None, observed)


def motion(model: AbstractLawInUnits, t: Any, cells: Cells | None, embedding: str | None) -> Motion:
    """Velocities of draws at one time, or of cells or rows at their own times."""
    axis = model.units.time
    if t is not None:
        if embedding is not None:
            raise DataError("expected an embedding, which has cells of all times, without t.")
        if model.units.dim < 2:
            raise DataError("expected a model of two coordinates or more to draw; got one.")
        draws = model.sample(t, _DRAWS, seed=0)
        names = (model.units.columns[0], model.units.columns[1])
        times = np.full(_DRAWS, float(axis.parse(t)))
        return Motion(times, draws[:, :2], model.velocity(t, draws)[:, :2], names)
    view = plane(model, cells, embedding)
    velocity = model.velocity(axis.to_column(view.t), view.x)
    if view.embedding is not None:
        scale = np.array(model.units.std)
        velocity = view.embedding.velocity(model.units.standardise(view.x), velocity / scale)
    return Motion(view.t, view.projected, velocity[:, :2], view.names)


def _embedded(model: AbstractLawInUnits, cells: Cells, name: str) -> Plane:
    table, positions = rows_of(model, cells), embedded(cells, name)
    embedding = Embedding(model.units.standardise(table.x), positions)
    rows = _subsample(len(table))
    short = name.removeprefix("X_")
    names = (f"{short} 1", f"{short} 2")
    return Plane(table.t[rows], table.x[rows], positions[rows], names, embedding)


def _rows(model: AbstractLawInUnits, cells: Cells | None) -> tuple[np.ndarray, np.ndarray]:
    if cells is not None:
        table = rows_of(model, cells)
        return table.t, table.x
    if model.split is not None:
        return (
            np.concatenate([part.t for part in model.split]),
            np.concatenate([part.x for part in model.split]),
        )
    axis = model.units.time
    t = np.linspace(axis.start, axis.end, _DRAWS)
    return t, model.sample(axis.to_column(t), _DRAWS, seed=0)


def _subsample(count: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(count)[:MAX_CELLS]

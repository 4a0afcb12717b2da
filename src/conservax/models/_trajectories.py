"""Trajectories: components of snapshots that move from each to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from conservax import density
from conservax._types import PRNGKey
from conservax.baseline import couple
from conservax.data import MAX_SNAPSHOTS, DataError
from conservax.flux import FactorizedFlux, MixtureFlux
from conservax.models._base import AbstractModelSpec, check_whole
from conservax.models._even_groups import even_groups
from conservax.models._snapshot_moments import SnapshotMoments

_MOST, _PER_CELL = 512, 2
_SCALE_OF_CELL = 0.15  # of a component that begins on one cell, in deviations of its snapshot
_LEAST_SCALE = 0.02  # of one that begins on a group, in the same units
_LEAST_GROUP = 4  # cells; where groups would be smaller, components begin on single cells


@dataclass(frozen=True, kw_only=True)
class Trajectories(AbstractModelSpec):
    """A mixture of components on piecewise linear trajectories through cells of the snapshots.

    Trajectories begin on cells, or on groups of neighbouring cells where there are many, which are coupled from
    each snapshot to the next by exact optimal transport. They stay near the cells of every snapshot, and so
    want some tens of cells at each.

    **Attributes:** those of `AbstractModelSpec`, and

    - `components`: trajectories: two per cell of a snapshot, at most 512.
    """

    components: int | None = None

    name: ClassVar[str] = "trajectories"

    def __post_init__(self):
        super().__post_init__()
        check_whole("components", self.components)

    @property
    def usual_flux(self) -> MixtureFlux:
        """Flux of mixtures: particles move with their component."""
        return MixtureFlux(FactorizedFlux())

    def density(
        self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], *, seed: int
    ) -> Callable[[PRNGKey], density.Mixture]:
        """See `AbstractModelSpec.density`. Only the choice of cells, and of parts that are coupled, is random, by the seed.

        **Raises:** `DataError` for rows that are not snapshots.
        """
        usual = min(_MOST, _PER_CELL * len(x) // len(np.unique(t)))
        knots, locations, scales = coupled_trajectories(t, x, self.components or usual, seed=seed)
        return lambda _: density.Mixture(
            [density.Trajectory(knots, *each) for each in zip(locations, scales, strict=True)]
        )


def coupled_trajectories(
    t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], count: int, *, seed: int
) -> tuple[
    Float[np.ndarray, " knots"],
    Float[np.ndarray, "trajectories knots dim"],
    Float[np.ndarray, "trajectories knots dim"],
]:
    """Times, locations and widths of trajectories of least total squared length from each snapshot to the next.

    Each cell of a snapshot is on as many trajectories as any other, to the next whole number, or else in
    one group of as many cells as any other.

    **Raises:** `DataError` for rows that are not snapshots.
    """
    knots = np.unique(t)
    if not 2 <= len(knots) <= MAX_SNAPSHOTS:
        raise DataError(
            f"expected 2 to {MAX_SNAPSHOTS} snapshots for trajectories; got {len(knots)} "
            'times. Use model="autoregressive".'
        )
    rng = np.random.default_rng(seed)
    spreads = SnapshotMoments(t, x).spread(knots)
    places = [
        _places(rng, x[t == time], spread, count)
        for time, spread in zip(knots, spreads, strict=True)
    ]
    found = [places[0]]
    for centre, scale in places[1:]:
        coupling = couple(rng, found[-1][0], centre)
        partner = coupling.second[np.argsort(coupling.first)]  # as many on both sides: one each
        found.append((centre[partner], scale[partner]))
    locations, scales = (np.stack(each, axis=1) for each in zip(*found, strict=True))
    return knots, locations, scales


def _places(
    rng: np.random.Generator,
    cells: Float[np.ndarray, "cells dim"],
    spread: Float[np.ndarray, " dim"],
    count: int,
) -> tuple[Float[np.ndarray, "places dim"], Float[np.ndarray, "places dim"]]:
    """Locations and widths of so many components of as much mass in a snapshot of that spread."""
    if len(cells) < _LEAST_GROUP * count:
        centre = np.resize(rng.permutation(cells), (count, cells.shape[1]))
        return centre, np.broadcast_to(_SCALE_OF_CELL * spread, centre.shape)
    centre, deviation = even_groups(cells, count)
    return centre, np.maximum(deviation, _LEAST_SCALE * spread)

"""Trajectories: components of snapshots that move from each to the next."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from conservax import density
from conservax._types import PRNGKey
from conservax.baseline import DisplacementInterpolation
from conservax.data import MAX_SNAPSHOTS, DataError
from conservax.flux import FactorizedFlux, MixtureFlux
from conservax.models._base import AbstractModelSpec, check_whole
from conservax.models._snapshot_moments import SnapshotMoments

_MOST, _PER_CELL = 512, 2
_SCALE = 0.15  # of the components to begin with, in standard deviations of their snapshot


@dataclass(frozen=True, kw_only=True)
class Trajectories(AbstractModelSpec):
    """A mixture of components on piecewise linear trajectories through cells of the snapshots.

    Trajectories begin on cells coupled from each snapshot to the next by exact optimal transport. They
    stay near the cells of every snapshot, and so want some tens of cells at each.

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
        """See `AbstractModelSpec.density`. Only the coupling is random, by the seed.

        **Raises:** `DataError` for rows that are not snapshots.
        """
        usual = min(_MOST, _PER_CELL * len(x) // len(np.unique(t)))
        knots, locations = coupled_trajectories(t, x, self.components or usual, seed=seed)
        scale = _SCALE * SnapshotMoments(t, x).spread(knots)
        return lambda _: density.Mixture(
            [density.Trajectory(knots, location, scale) for location in locations]
        )


def coupled_trajectories(
    t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], count: int, *, seed: int
) -> tuple[Float[np.ndarray, " knots"], Float[np.ndarray, "trajectories knots dim"]]:
    """Cells of every snapshot on trajectories of least total squared length from each to the next.

    Each cell of a snapshot is on as many trajectories as any other, to the next whole number.

    **Raises:** `DataError` for rows that are not snapshots.
    """
    knots = np.unique(t)
    if not 2 <= len(knots) <= MAX_SNAPSHOTS:
        raise DataError(
            f"expected 2 to {MAX_SNAPSHOTS} snapshots for trajectories; got {len(knots)} "
            'times. Use model="autoregressive".'
        )
    rng = np.random.default_rng(seed)
    lines = DisplacementInterpolation({time: x[t == time] for time in knots})
    locations = [lines.sample(rng, np.full(count, knots[0]))]
    for before, after in itertools.pairwise(knots):
        locations.append(lines.transport(rng, locations[-1], before, after))
    return knots, np.stack(locations, axis=1)

"""Kernel mixture: many kernels at the clusters of the rows, whose weights change in time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from conservax import density
from conservax._types import PRNGKey
from conservax.flux import KnotheRosenblatt
from conservax.models._base import AbstractGrowthSpec, check_weight, check_whole
from conservax.models._clusters import find_clusters

_MOST, _ROWS_PER_COMPONENT = 1024, 4
_RANK, _BACKGROUND = 2, 0.01


@dataclass(frozen=True, kw_only=True)
class KernelMixture(AbstractGrowthSpec):
    """Kernel mixture that begins at the clusters of the rows, for populations with fixed locations.

    **Attributes:** those of `AbstractGrowthSpec`, and

    - `components`: kernels: one for four rows, at most 1024.
    - `max_frequency`: fastest cycle in time, in cycles over the whole time range.
    """

    components: int | None = None
    max_frequency: float = 1.0

    name: ClassVar[str] = "kernel-mixture"

    def __post_init__(self):
        super().__post_init__()
        check_whole("components", self.components)
        check_weight("max_frequency", self.max_frequency)

    @property
    def usual_flux(self) -> KnotheRosenblatt:
        """Knothe-Rosenblatt flux, with a closed flow map."""
        return KnotheRosenblatt()

    def density(
        self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], *, seed: int
    ) -> Callable[[PRNGKey], density.KernelMixture]:
        """See `AbstractModelSpec.density`. Clusters are found once for all ensemble members."""
        count = self.components or min(_MOST, max(1, len(x) // _ROWS_PER_COMPONENT))
        clusters = find_clusters(x, count, seed=seed)
        return lambda key: density.KernelMixture.from_clusters(
            clusters,
            covariance="full",
            rank=_RANK,
            background=_BACKGROUND,
            max_frequency=self.max_frequency,
            key=key,
        )

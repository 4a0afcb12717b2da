"""Autoregressive density, by a masked network; of snapshots, begun as one normal each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from conservax import density
from conservax._types import PRNGKey
from conservax.baseline import fit_normal_by_snapshot
from conservax.data import snapshots
from conservax.flux import KnotheRosenblatt
from conservax.models._base import AbstractGrowthSpec, check_weight, check_whole

_COMPONENTS, _GROWING_COMPONENTS = 16, 4


@dataclass(frozen=True, kw_only=True)
class Autoregressive(AbstractGrowthSpec):
    """Autoregressive density: a mixture of logistics per coordinate, by a masked network.

    Snapshots are learned in whitened coordinates, in which each begins as one normal.

    **Attributes:** those of `AbstractGrowthSpec`, and

    - `components`: logistics per coordinate: 16, or 4 in each component of a growing population.
    - `width`: hidden units per layer of the network.
    - `depth`: hidden layers of the network.
    - `max_frequency`: fastest cycle in time, in cycles over the whole time range.
    """

    components: int | None = None
    width: int = 128
    depth: int = 3
    max_frequency: float = 1.0

    name: ClassVar[str] = "autoregressive"

    def __post_init__(self):
        super().__post_init__()
        for size in ("components", "width", "depth"):
            check_whole(size, getattr(self, size))
        check_weight("max_frequency", self.max_frequency)

    @property
    def usual_flux(self) -> KnotheRosenblatt:
        """Knothe-Rosenblatt flux, with a closed flow map."""
        return KnotheRosenblatt()

    def noise_fraction(self, t: Float[np.ndarray, " rows"]) -> float:
        """Half as much where it begins close to the snapshots."""
        return 0.5 if self.is_whitened(t) else 1.0

    def is_whitened(self, t: Float[np.ndarray, " rows"]) -> bool:
        """Whether the density begins as one normal for each snapshot of these times.

        Not where components grow: their weights move the mean of all without any movement.
        """
        return self.growth_weight is None and snapshots(t) is not None

    def density(
        self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], *, seed: int
    ) -> Callable[[PRNGKey], density.AbstractAutoregressiveDensity]:
        """See `AbstractModelSpec.density`."""
        del seed  # nothing is chosen at random before the key
        dim = x.shape[1]
        usual = _COMPONENTS if self.growth_weight is None else _GROWING_COMPONENTS
        sizes = {"components": self.components or usual, "width": self.width}
        options = {**sizes, "depth": self.depth, "max_frequency": self.max_frequency}
        if not self.is_whitened(t):
            return lambda key: density.Autoregressive(dim, **options, key=key)
        normals = fit_normal_by_snapshot(t, x)
        factor = np.linalg.cholesky(normals.covariance)

        def whitened(key: PRNGKey) -> density.Whitened:
            shape = density.Autoregressive(
                dim, **options, kernel="normal", begin_normal=True, key=key
            )
            return density.Whitened(shape, normals.times, normals.mean, factor)

        return whitened

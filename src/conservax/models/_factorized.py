"""Factorized density: independent coordinates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from conservax import density
from conservax._types import PRNGKey
from conservax.flux import FactorizedFlux
from conservax.models._base import AbstractGrowthSpec, check_weight, check_whole


@dataclass(frozen=True, kw_only=True)
class Factorized(AbstractGrowthSpec):
    """Independent coordinates, each a mixture of logistics by a network of time.

    **Attributes:** those of `AbstractGrowthSpec`, and

    - `components`: logistics per coordinate.
    - `width`: hidden units per layer of the network.
    - `depth`: hidden layers of the network.
    - `max_frequency`: fastest cycle in time, in cycles over the whole time range.
    """

    components: int = 16
    width: int = 128
    depth: int = 3
    max_frequency: float = 1.0

    name: ClassVar[str] = "factorized"

    def __post_init__(self):
        super().__post_init__()
        for size in ("components", "width", "depth"):
            check_whole(size, getattr(self, size))
        check_weight("max_frequency", self.max_frequency)

    @property
    def usual_flux(self) -> FactorizedFlux:
        """Flux of independent coordinates."""
        return FactorizedFlux()

    def density(
        self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], *, seed: int
    ) -> Callable[[PRNGKey], density.Factorized]:
        """See `AbstractModelSpec.density`."""
        del t, seed
        sizes = {"components": self.components, "width": self.width, "depth": self.depth}
        return lambda key: density.Factorized(
            x.shape[1], **sizes, max_frequency=self.max_frequency, key=key
        )

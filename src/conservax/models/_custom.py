"""A density of the user's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from conservax._types import PRNGKey
from conservax.bijection import check_bijection
from conservax.density import AbstractDensity, PushForward
from conservax.flux import KnotheRosenblatt
from conservax.models._base import AbstractGrowthSpec, check_maker


@dataclass(frozen=True, kw_only=True)
class Custom(AbstractGrowthSpec):
    """A density that a function of a random key builds, with any flux that can serve it.

    **Attributes:** those of `AbstractGrowthSpec`, and

    - `build`: a function of a random key, as
      `lambda key: conservax.density.Autoregressive(2, key=key)`: a density of standardised
      positions, over times [0, 1].
    """

    build: Callable[[PRNGKey], AbstractDensity]

    name: ClassVar[str] = "custom"

    def __post_init__(self):
        super().__post_init__()
        check_maker("build", self.build)

    @property
    def usual_flux(self) -> KnotheRosenblatt:
        """Flux of autoregressive densities; others need another."""
        return KnotheRosenblatt()

    def density(
        self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], *, seed: int
    ) -> Callable[[PRNGKey], AbstractDensity]:
        """The function `build`, whose bijection is tried.

        **Raises:** `ValueError` for a bijection whose inverse does not invert it.
        """
        del t, x, seed

        def built(key: PRNGKey) -> AbstractDensity:
            density = self.build(key)
            if isinstance(density, PushForward):
                check_bijection(density.bijection)
            return density

        return built

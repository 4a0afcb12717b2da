"""Events that follow from those before: settings of a temporal point process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import Float

from conservax._types import PRNGKey
from conservax.data import DataError
from conservax.density import AbstractDensity, KernelMixture
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.models._base import check_maker, check_whole
from conservax.models._clusters import find_clusters
from conservax.point_process import Encoder, EventLaw

_BACKGROUND = 0.01
# Every component is weighed by the hidden state. With one for few events locations are memorised,
# and training stops, for their sake, before the inter-event times are learned.
_EVENTS_PER_COMPONENT, _FEWEST, _MOST = 50, 8, 256


@dataclass(frozen=True, kw_only=True)
class PointProcess:
    """A temporal point process with a hidden state, and a density of the next location.

    **Attributes:**

    - `build`: the density of the next location: a function of the length of the condition and a
      random key. By default a kernel mixture that begins at the clusters of the events.
    - `components`: kernels at the clusters of the events: one for 50 of these, 8 to 256.
    - `triggering`: further kernels at the last so many events.
    - `state_size`: length of the hidden state, which encodes the events before.
    - `width`: functions of time and hidden state that all weights of the mixture are made of.
    - `inter_event_components`: Weibull distributions of the time to the next event.

    **Raises:** `DataError` for numbers that make no sense, or `components` beside `build`; `TypeError`
    for a density that is built already.
    """

    build: Callable[[int, PRNGKey], AbstractDensity] | None = None
    components: int | None = None
    triggering: int = 4
    state_size: int = 48
    width: int = 32
    inter_event_components: int = 8

    name: ClassVar[str] = "point-process"

    def __post_init__(self):
        for size in ("components", "state_size", "width", "inter_event_components"):
            check_whole(size, getattr(self, size))
        check_whole("triggering", self.triggering, 0)
        check_maker("build", self.build, "condition_dim, key")
        if self.build is not None and self.components is not None:
            raise DataError(
                "expected components without a density of your own, which has its own; got both. "
                "Leave components out."
            )

    def law_maker(
        self,
        x: Float[np.ndarray, "events dim"],
        intervals: Float[np.ndarray, " intervals"],
        seed: int,
    ) -> Callable[[PRNGKey], EventLaw]:
        """A function of a random key for the initial law.

        **Arguments:**

        - `x`: standardised locations of the training events.
        - `intervals`: their inter-event times, in windows.
        """
        build = self.build or self._kernels(x, seed)
        count, typical = self.inter_event_components, float(np.median(intervals))
        scales = np.quantile(intervals, (np.arange(count) + 0.5) / count)

        def begin(key: PRNGKey) -> EventLaw:
            keys = jax.random.split(key, 3)
            encoder = Encoder(x.shape[1], self.state_size, triggering=self.triggering, key=keys[0])
            law = ConservationLaw(build(encoder.hidden_size, keys[1]), KnotheRosenblatt())
            options = {"typical_interval": typical, "components": count, "scales": scales}
            return EventLaw(law, encoder, **options, key=keys[2])

        return begin

    def _kernels(
        self, x: Float[np.ndarray, "events dim"], seed: int
    ) -> Callable[[int, PRNGKey], AbstractDensity]:
        """Kernels at the clusters of the locations, which are found once for all ensemble members."""
        usual = min(max(len(x) // _EVENTS_PER_COMPONENT, _FEWEST), _MOST)
        clusters = find_clusters(x, self.components or min(usual, len(x)), seed=seed)
        options = {"rank": self.width, "background": _BACKGROUND, "triggering": self.triggering}

        def build(condition_dim: int, key: PRNGKey) -> AbstractDensity:
            return KernelMixture.from_clusters(
                clusters, condition_dim=condition_dim, key=key, **options
            )

        return build

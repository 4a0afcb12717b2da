"""The densities that have a name, sized for the rows they are fitted to."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np

from conservax._types import PRNGKey
from conservax.data import DataError
from conservax.density import AbstractDensity, Autoregressive, BumpMixture, find_clusters

DensityName = Literal["autoregressive", "bumps"]
_BUMPS, _ROWS_A_BUMP = 1024, 4
_RANK, _BACKGROUND = 2, 0.01


def density_maker(
    name: str, x: np.ndarray, components: int | None, seed: int, network: dict[str, Any]
) -> Callable[[PRNGKey], AbstractDensity]:
    """A function of a key for the density of this name, for standardised training rows x."""
    if name == "autoregressive":
        count = 16 if components is None else components
        return lambda key: Autoregressive(x.shape[1], components=count, **network, key=key)
    if name == "bumps":
        count = bumps_for(len(x)) if components is None else components
        clusters = find_clusters(x, count, seed=seed)  # once for all members
        return lambda key: BumpMixture.from_clusters(
            clusters,
            tilted=True,
            rank=_RANK,
            background=_BACKGROUND,
            max_frequency=network["max_frequency"],
            key=key,
        )
    raise DataError(f"expected a density of {list(get_args(DensityName))}; got {name!r}.")


def bumps_for(rows: int) -> int:
    """How many bumps a `BumpMixture` has by default."""
    return min(_BUMPS, max(1, rows // _ROWS_A_BUMP))

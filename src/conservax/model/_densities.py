"""The densities that have a name, sized for the rows they are fitted to."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import jax
import numpy as np

from conservax._types import PRNGKey
from conservax.baseline import fit_normal_by_snapshot
from conservax.data import DataError, snapshots
from conservax.density import (
    AbstractDensity,
    Autoregressive,
    BumpMixture,
    Mixture,
    Whitened,
    find_clusters,
)
from conservax.flux import AbstractFlux, FactorizedFlux, KnotheRosenblatt, MixtureFlux
from conservax.model._paths import coupled_paths, population_of_paths
from conservax.model._snapshot_units import SnapshotUnits

DensityName = Literal["autoregressive", "bumps", "paths"]
_BUMPS, _ROWS_A_BUMP = 1024, 4
_RANK, _BACKGROUND = 2, 0.01
_PATHS, _PATHS_A_CELL = 512, 2
_SHARES, _GROWTH_WAVES = 4, 3


def density_maker(
    name: str,
    t: np.ndarray,
    x: np.ndarray,
    components: int | None,
    seed: int,
    network: dict[str, Any],
    is_share: bool = False,
) -> Callable[[PRNGKey], AbstractDensity]:
    """A function of a key for the density of this name, for training rows in law units.

    `is_share` says that it is one of the laws of a growing population.
    """
    if name == "autoregressive":
        count = (4 if is_share else 16) if components is None else components
        # Where shares change, the mean of all moves though nobody does: no frame for each.
        whiten = not is_share and snapshots(t) is not None
        return _autoregressive(t, x, whiten, {"components": count, **network})
    if name == "bumps":
        count = _bumps_for(len(x)) if components is None else components
        clusters = find_clusters(x, count, seed=seed)  # once for all members
        return lambda key: BumpMixture.from_clusters(
            clusters,
            tilted=True,
            rank=_RANK,
            background=_BACKGROUND,
            max_frequency=network["max_frequency"],
            key=key,
        )
    if name == "paths":
        if is_share:
            raise DataError('expected no growth with density="paths", whose shares are constant.')
        most = min(_PATHS, _PATHS_A_CELL * len(x) // len(np.unique(t)))
        knots, places = coupled_paths(t, x, most if components is None else components, seed=seed)
        spread = SnapshotUnits(t, x).spread(knots)
        return lambda key: population_of_paths(knots, places, spread, key)
    raise DataError(f"expected a density of {list(get_args(DensityName))}; got {name!r}.")


def _autoregressive(
    t: np.ndarray, x: np.ndarray, whiten: bool, options: dict[str, Any]
) -> Callable[[PRNGKey], AbstractDensity]:
    """Whitened, it begins as one normal per snapshot, in whose coordinates it learns the rest."""
    dim = x.shape[1]
    if not whiten:
        return lambda key: Autoregressive(dim, **options, key=key)
    normals = fit_normal_by_snapshot(t, x)
    factor = np.linalg.cholesky(normals.covariance)

    def whitened(key: PRNGKey) -> Whitened:
        shape = Autoregressive(dim, **options, kernel="normal", begin_normal=True, key=key)
        return Whitened(shape, normals.times, normals.mean, factor)

    return whitened


def usual_flux(density: Any) -> AbstractFlux:
    """The flux of a density unless another is given: paths move with their bumps."""
    return MixtureFlux(FactorizedFlux()) if density == "paths" else KnotheRosenblatt()


def growing(make: Callable[[PRNGKey], Any]) -> Callable[[PRNGKey], Mixture]:
    """A population in shares, each with a density that `make` makes, and a mass that may change."""

    def population(key: PRNGKey) -> Mixture:
        keys = jax.random.split(key, _SHARES)
        return Mixture([make(k) for k in keys], growth_waves=_GROWTH_WAVES)

    return population


def _bumps_for(rows: int) -> int:
    """How many bumps a `BumpMixture` has by default."""
    return min(_BUMPS, max(1, rows // _ROWS_A_BUMP))

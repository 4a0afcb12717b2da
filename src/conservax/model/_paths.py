"""Cells of neighbouring snapshots coupled into paths, where a population of bumps begins."""

import itertools

import numpy as np
from jaxtyping import Float

from conservax._types import PRNGKey
from conservax.baseline import DisplacementInterpolation
from conservax.data import MOST_SNAPSHOTS, DataError
from conservax.density import Mixture, Path

SCALE = 0.15  # of the bumps to begin with, in standard deviations of their snapshot


def coupled_paths(
    t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], count: int, *, seed: int
) -> tuple[Float[np.ndarray, " knots"], Float[np.ndarray, "paths knots dim"]]:
    """Cells of every snapshot in paths of least total squared length from each to the next.

    Each cell of a snapshot is on as many paths as any other, to the next whole number.

    **Raises:** `DataError` for rows that are no snapshots.
    """
    knots = np.unique(t)
    if not 2 <= len(knots) <= MOST_SNAPSHOTS:
        raise DataError(
            f"expected 2 to {MOST_SNAPSHOTS} snapshots for a density of paths; got {len(knots)} "
            'times. Use density="autoregressive".'
        )
    rng = np.random.default_rng(seed)
    lines = DisplacementInterpolation({time: x[t == time] for time in knots})
    places = [lines.sample(rng, np.full(count, knots[0]))]
    for before, after in itertools.pairwise(knots):
        places.append(lines.carry(rng, places[-1], before, after))
    return knots, np.stack(places, axis=1)


def population_of_paths(
    knots: Float[np.ndarray, " knots"],
    places: Float[np.ndarray, "paths knots dim"],
    spread: Float[np.ndarray, "knots dim"],
    key: PRNGKey,
) -> Mixture:
    """A bump on each path, at first .15 as wide as its snapshot is spread; shares stay the same.

    `spread` are the standard deviations of each snapshot.
    """
    del key  # nothing is random any more
    return Mixture([Path(knots, place, SCALE * spread) for place in places])

"""Pairs of cells of neighbouring snapshots, for coupled matching."""

import itertools

import numpy as np
from jaxtyping import Float

from conservax.baseline import DisplacementInterpolation
from conservax.data import MAX_SNAPSHOTS, DataError


def coupled_pairs(
    t: Float[np.ndarray, " rows"],
    x: Float[np.ndarray, "rows dim"],
    count: int,
    *,
    mass_penalty: float | None = None,
) -> Float[np.ndarray, "pairs 2 1+dim"]:
    """So many pairs of rows, coupled by optimal transport from each snapshot to the next.

    The number of pairs between two snapshots is in proportion to the time between them, to the
    next whole number, so that a draw of them has a uniform time. Of each pair: time and position of
    the earlier cell, then of the later one. `mass_penalty`: see `CoupledMatching`.

    **Raises:** `DataError` for one time, or for more than there are of snapshots.
    """
    times = np.unique(t)
    if not 2 <= len(times) <= MAX_SNAPSHOTS:
        raise DataError(
            f"expected 2 to {MAX_SNAPSHOTS} snapshots to couple cells of; got {len(times)} times. "
            "Leave matching_weight and CoupledMatching out."
        )
    rng = np.random.default_rng(0)
    lines = DisplacementInterpolation({time: x[t == time] for time in times})
    shares = np.round(np.cumsum(np.diff(times)) / (times[-1] - times[0]) * count).astype(int)
    pairs = []
    for (before, after), share in zip(
        itertools.pairwise(times), np.diff(shares, prepend=0), strict=True
    ):
        cells = lines.pairs(rng, before, share, mass_penalty=mass_penalty)
        stamped = [
            np.column_stack([np.full(share, time), part])
            for time, part in zip((before, after), cells, strict=True)
        ]
        pairs.append(np.stack(stamped, axis=1))
    return rng.permutation(np.concatenate(pairs))

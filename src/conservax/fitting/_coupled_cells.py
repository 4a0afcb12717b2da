"""Pairs of cells of neighbouring snapshots, for coupled matching."""

import itertools

import numpy as np
from jaxtyping import Float

from conservax.baseline import DisplacementInterpolation
from conservax.data import MAX_SNAPSHOTS, DataError

MOST_CELLS = 25_000  # of a snapshot: training draws from no more than some hundred thousand pairs


class CoupledCells:
    """Cells of each snapshot, coupled once with those of the next one by optimal transport.

    Of a larger snapshot than `MOST_CELLS` so many cells are, chosen at random. `mass_penalty`: see
    `CoupledMatching`.

    **Raises:** `DataError` for one time, or for more than there are of snapshots.
    """

    def __init__(
        self,
        t: Float[np.ndarray, " rows"],
        x: Float[np.ndarray, "rows dim"],
        *,
        mass_penalty: float | None = None,
    ):
        self.times = np.unique(t)
        if not 2 <= len(self.times) <= MAX_SNAPSHOTS:
            raise DataError(
                f"expected 2 to {MAX_SNAPSHOTS} snapshots to couple cells of; got {len(self.times)} "
                "times. Leave matching_weight and CoupledMatching out."
            )
        rng = np.random.default_rng(0)
        snapshots = {time: x[t == time] for time in self.times}
        self._lines = DisplacementInterpolation(
            {time: rng.permutation(cells)[:MOST_CELLS] for time, cells in snapshots.items()}
        )
        self._mass_penalty = mass_penalty

    def pairs(self, count: int, *, seed: int = 0) -> Float[np.ndarray, "pairs 2 1+dim"]:
        """So many pairs: of each, time and position of the earlier cell, then of the later one.

        The number of pairs between two snapshots is in proportion to the time between them, to the
        next whole number, so that a draw of them has a uniform time.
        """
        rng, times = np.random.default_rng(seed), self.times
        shares = np.round(np.cumsum(np.diff(times)) / (times[-1] - times[0]) * count).astype(int)
        pairs = []
        for (before, after), share in zip(
            itertools.pairwise(times), np.diff(shares, prepend=0), strict=True
        ):
            cells = self._lines.pairs(rng, before, share, mass_penalty=self._mass_penalty)
            stamped = [
                np.column_stack([np.full(share, time), part])
                for time, part in zip((before, after), cells, strict=True)
            ]
            pairs.append(np.stack(stamped, axis=1))
        return rng.permutation(np.concatenate(pairs))

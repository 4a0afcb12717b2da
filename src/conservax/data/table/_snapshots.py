"""Snapshots: many rows at each of a few times, which all count the same."""

import numpy as np
from jaxtyping import Float64, Int

from conservax.data.table._types import Times

MAX_SNAPSHOTS = 50
MIN_ROWS_PER_SNAPSHOT = 5


def snapshots(t: Times) -> list[Int[np.ndarray, " rows"]] | None:
    """Row numbers of each snapshot in order of time; None if times are many, or rows at one few."""
    times, which, counts = np.unique(t, return_inverse=True, return_counts=True)
    if not 0 < len(times) <= MAX_SNAPSHOTS or counts.min() < MIN_ROWS_PER_SNAPSHOT:
        return None
    return [np.flatnonzero(which == snapshot) for snapshot in range(len(times))]


def few_rows(t: Times, fewest: int) -> tuple[float, int] | None:
    """The first of few times with fewer rows than `fewest`, and how many; None if there is none.

    Only where most times have enough rows to be snapshots: events of some days are not snapshots.
    """
    times, counts = np.unique(t, return_counts=True)
    usual = np.median(counts) >= 2 * max(fewest, MIN_ROWS_PER_SNAPSHOT)
    if len(times) > MAX_SNAPSHOTS or not usual or counts.min() >= fewest:
        return None
    first = int(np.argmax(counts < fewest))
    return float(times[first]), int(counts[first])


def are_unequal_snapshots(t: Times) -> bool:
    """Whether times are those of snapshots, and some have more rows than others."""
    found = snapshots(t)
    return found is not None and len(set(map(len, found))) > 1


def snapshot_weights(t: Times) -> Float64[np.ndarray, " rows"]:
    """Weights of mean 1 that add up to the same for every time: mean rows per time / rows at its own.

    With them a mean over rows is the mean over times of means over their rows [hua2025, (33)].
    """
    times, which, counts = np.unique(t, return_inverse=True, return_counts=True)
    return len(t) / len(times) / counts[which]

"""Input noise for few rows, so that a network does not learn them by heart."""

import math

import numpy as np

from conservax.baseline import fit_kernel_density, fit_kernel_density_in_time
from conservax.data import MAX_SNAPSHOTS, Split, Units, snapshots
from conservax.models import SnapshotUnits

_ENOUGH_ROWS = 1000
_OF_WHITENED = 0.5  # of the bandwidth
_MOST_TIME_NOISE = 0.3  # beyond it times are forgotten altogether


def input_noise(
    split: Split, units: Units, rows: int | None = None, *, whitened: bool = False
) -> tuple[float, float]:
    """Noise for positions (standardised) and for times (of the unit range).

    They are the bandwidths of the kernel density that predicts the validation rows best, and
    shrink as 1 / sqrt(rows) beyond a thousand rows, where the rows themselves hold a network
    back. Snapshots keep their times, and their noise is in standard deviations of each snapshot.

    `rows` says how many training rows there are, where the split holds only a sample of them;
    `whitened` that the density of snapshots begins with a shape that is about right, for which half as
    much is enough.
    """
    train, judge = split.train, split.validation
    if not len(judge):
        return 0.0, 0.0
    shrink = min(1.0, math.sqrt(_ENOUGH_ROWS / (rows or len(train))))
    x, judge_x = units.standardise(train.x), units.standardise(judge.x)
    if snapshots(train.t) is not None:
        within = SnapshotUnits(train.t, x)
        x, judge_x = within.standardise(train.t, x), within.standardise(judge.t, judge_x)
        part = _OF_WHITENED if whitened else 1.0
        return part * shrink * fit_kernel_density(x, judge_x).bandwidth, 0.0
    if len(np.unique(train.t)) <= MAX_SNAPSHOTS:
        return shrink * fit_kernel_density(x, judge_x).bandwidth, 0.0
    t, judge_t = units.time.to_unit(train.t), units.time.to_unit(judge.t)
    kernel = fit_kernel_density_in_time(t, x, judge_t, judge_x)
    time_noise = min(kernel.time_bandwidth * float(t.std()), _MOST_TIME_NOISE)
    return shrink * kernel.bandwidth, shrink * time_noise

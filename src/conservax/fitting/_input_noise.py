"""Input noise for few rows, against overfitting: the bandwidth of a kernel density."""

import math

import numpy as np

from conservax.baseline import fit_kernel_density, fit_kernel_density_in_time
from conservax.data import MAX_SNAPSHOTS, Split, Units, snapshots
from conservax.data import split as split_rows
from conservax.models import SnapshotMoments

_ENOUGH_ROWS = 1000
_SET_APART = 0.1  # of the training rows, where none are held out
_FEWEST_ROWS = 20  # of which a bandwidth is chosen
_MOST_TIME_NOISE = 0.3  # beyond it all dependence on time is lost


def input_noise(
    split: Split, units: Units, rows: int | None = None, *, fraction: float = 1.0
) -> tuple[float, float]:
    """Input noise for positions (standardised) and for times (of the unit range).

    They are the bandwidths of the kernel density that predicts the validation rows best, or where there
    are none a tenth of the training rows from the others (0 of fewer than twenty). They shrink as
    1 / sqrt(rows) beyond a thousand rows, where the rows themselves prevent overfitting. Snapshots keep
    their times, and their noise is in standard deviations of each snapshot.

    `rows` says how many training rows there are, where the split holds only a sample of them;
    `fraction` how much of the bandwidth is enough for snapshots.
    """
    shrink = min(1.0, math.sqrt(_ENOUGH_ROWS / (rows or len(split.train))))
    if not len(split.validation):
        if len(split.train) < _FEWEST_ROWS:
            return 0.0, 0.0
        split = split_rows(split.train, validation=_SET_APART, seed=0)
    train, validation = split.train, split.validation
    x, validation_x = units.standardise(train.x), units.standardise(validation.x)
    if snapshots(train.t) is not None:
        within = SnapshotMoments(train.t, x)
        validation_x = within.standardise(validation.t, validation_x)
        x = within.standardise(train.t, x)
        return fraction * shrink * fit_kernel_density(x, validation_x).bandwidth, 0.0
    if len(np.unique(train.t)) <= MAX_SNAPSHOTS:
        return shrink * fit_kernel_density(x, validation_x).bandwidth, 0.0
    t, validation_t = units.time.to_unit(train.t), units.time.to_unit(validation.t)
    kernel = fit_kernel_density_in_time(t, x, validation_t, validation_x)
    time_noise = min(kernel.time_bandwidth * float(t.std()), _MOST_TIME_NOISE)
    return shrink * kernel.bandwidth, shrink * time_noise

"""Labels of times, with a resolution that fits their range."""

import numpy as np

from conservax.data import TimeAxis

_DATES_FROM = 10.0  # days: over a longer range its limits are dates
_DAYS_FROM = 1000.0  # days: over a longer range all labels are dates
_MINUTES_FROM = 0.05  # days: over a longer range labels have no seconds


def time_label(axis: TimeAxis, value: float) -> str:
    """Label of a time: a number, a minute (`2024-05-14 23:13 UTC`), or a date over several years."""
    if axis.kind == "number" or axis.scale < _MINUTES_FROM:
        return axis.format(value)
    if axis.scale >= _DAYS_FROM:
        return coarse_time_label(axis, value)
    minutes = np.datetime64(round(float(value)), "s").astype("datetime64[m]")
    return f"{str(minutes).replace('T', ' ')} UTC"


def coarse_time_label(axis: TimeAxis, value: float) -> str:
    """Label of a time that `TimeAxis.parse` reads: a date where the range is long."""
    if axis.kind == "timestamp" and axis.scale >= _DATES_FROM:
        return str(np.datetime64(round(float(value)), "s").astype("datetime64[D]"))
    return axis.format(value)


def time_range_label(axis: TimeAxis) -> str:
    """Label of the time range."""
    return f"{coarse_time_label(axis, axis.start)} to {coarse_time_label(axis, axis.end)}"

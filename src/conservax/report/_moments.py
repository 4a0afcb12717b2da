"""Times as a reader wants them: no finer than the range they lie in asks for."""

import numpy as np

from conservax.data import TimeAxis

_DATES_FROM = 10.0  # days: over a longer range a date says enough of where it begins and ends
_DAYS_FROM = 1000.0  # days: over a longer range nobody asks for the hour
_MINUTES_FROM = 0.05  # days: over a longer range nobody asks for the second


def moment(axis: TimeAxis, value: float) -> str:
    """One number, or one second count to the minute (`2024-05-14 23:13 UTC`), or a date in years."""
    if axis.kind == "number" or axis.scale < _MINUTES_FROM:
        return axis.format(value)
    if axis.scale >= _DAYS_FROM:
        return coarse(axis, value)
    minutes = np.datetime64(round(float(value)), "s").astype("datetime64[m]")
    return f"{str(minutes).replace('T', ' ')} UTC"


def coarse(axis: TimeAxis, value: float) -> str:
    """The same, as a date alone where the range is long; `TimeAxis.parse` reads it."""
    if axis.kind == "timestamp" and axis.scale >= _DATES_FROM:
        return str(np.datetime64(round(float(value)), "s").astype("datetime64[D]"))
    return axis.format(value)


def span_of(axis: TimeAxis) -> str:
    """From where to where the axis goes."""
    return f"{coarse(axis, axis.start)} to {coarse(axis, axis.end)}"

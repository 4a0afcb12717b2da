"""Births and deaths in a fit: total mass, prior growth rates, and the least motion."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from conservax.data import MAX_SNAPSHOTS, DataError, Table, Units
from conservax.objective import AbstractObjective, GrowthEnergy, GrowthPrior, MassResidual

MASS_WEIGHT = 10.0  # an error of a tenth of the mass costs a tenth of a nat
SLICES = 8  # of the time range, whose means show the motion of more times than these


def least_motion(train: Table, units: Units) -> float:
    """The kinetic energy of straight motion from mean to mean of the rows.

    Of standardised data over unit time, from snapshot to snapshot, or from one eighth of the time
    range to the next; less the sampling error of the means.
    """
    t, z = units.time.to_unit(train.t), units.standardise(train.x)
    if len(np.unique(t)) > SLICES:
        t = (np.floor(SLICES * t).clip(max=SLICES - 1) + 0.5) / SLICES
    times = [time for time in np.unique(t) if np.sum(t == time) > 1]
    means = np.array([z[t == time].mean(0) for time in times])
    errors = np.array([z[t == time].var(0, ddof=1) / np.sum(t == time) for time in times])
    squares = np.diff(means, axis=0) ** 2 - errors[1:] - errors[:-1]
    return float(np.sum(squares.sum(1) / np.diff(times)))


def growth_energy(train: Table, units: Units) -> AbstractObjective:
    """The objective of growth: its energy, or the distance from the prior growth rate of the rows."""
    if train.growth is None:
        return GrowthEnergy()
    times = np.unique(train.t)
    few = len(times) <= MAX_SNAPSHOTS
    return GrowthPrior(tuple(units.time.to_unit(times).tolist()) if few else None)


def check_prior_growth(table: Any, spec: Any, own: bool) -> None:
    """Refuse a prior growth rate without a weight, or that was not read.

    **Raises:** `DataError` for a prior without its weight, or of rows that are not a table.
    """
    name, weight = (getattr(spec, n, None) for n in ("prior_growth", "growth_weight"))
    known = getattr(table, "growth", None) is not None
    if name is not None and not known:
        raise DataError(
            f"expected a prior that was read with its table; got prior_growth={name!r} beside a "
            f"{type(table).__name__}. Read the table with read_table(..., growth={name!r})."
        )
    if known and weight is None and not own:
        raise DataError("expected growth_weight beside a prior of growth. Give growth_weight=0.1.")


def mass_error(total_mass: Mapping[Any, float], units: Units) -> MassResidual:
    """The objective of the total mass.

    **Raises:** `DataError` for fewer than two masses, not positive, or at a time outside the range
    of the rows.
    """
    if len(total_mass) < 2 or not all(
        isinstance(mass, Real) and 0 < mass < float("inf") for mass in total_mass.values()
    ):
        raise DataError(
            f"expected the positive size of the population at two times or more; got {total_mass}. "
            "Give total_mass={time: size, ...}."
        )
    axis = units.time
    parsed = np.array([float(axis.parse(time)) for time in total_mass])
    if len(np.unique(parsed)) < len(parsed):
        raise DataError(f"expected one size of the population for each time; got {total_mass}.")
    outside = parsed[(parsed < axis.start) | (parsed > axis.end)]
    if len(outside):
        raise DataError(
            f"expected total_mass at times from {axis.format(axis.start)} to {axis.format(axis.end)}, "
            f"where there are rows; got {axis.format(outside[0])}. Leave it out."
        )
    times = axis.to_unit(parsed)
    return MassResidual(tuple(times.tolist()), tuple(map(float, total_mass.values())))

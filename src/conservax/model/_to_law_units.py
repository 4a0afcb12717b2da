"""Rows and windows in law units, as arrays of the law's precision."""

import jax.numpy as jnp
import numpy as np

from conservax.data import Events, Table, Units
from conservax.objective import Rows
from conservax.point_process import Sequences

FEWEST_SLOTS = 8  # padding is to a power of two, so that few lengths are compiled


def rows_in_units(units: Units, table: Table, dtype: np.dtype) -> Rows:
    """A table in law units."""

    def array(values: np.ndarray) -> jnp.ndarray:
        return jnp.asarray(np.asarray(values, dtype))

    rows = Rows(array(units.time.to_unit(table.t)), array(units.standardise(table.x)))
    if table.growth is None:
        return rows
    return rows._replace(growth=array(table.growth * units.time.scale))


def sequences_in_units(units: Units, events: Events, dtype: np.dtype) -> Sequences:
    """Windows in law units, padded to one length."""
    count = events.counts
    length = slots(int(count.max(initial=1)))
    slot = np.arange(len(events)) - np.repeat(np.cumsum(count) - count, count)
    t = np.zeros((events.sequences, length), dtype)
    x = np.zeros((events.sequences, length, units.dim), dtype)
    t[events.sequence, slot] = events.t / events.length
    x[events.sequence, slot] = units.standardise(events.x)
    return Sequences(jnp.asarray(t), jnp.asarray(x), jnp.asarray(count, jnp.int32))


def slots(events: int) -> int:
    """Number of slots of a padded window with so many events."""
    return max(FEWEST_SLOTS, 1 << (events - 1).bit_length())

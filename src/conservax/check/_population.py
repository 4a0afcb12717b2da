"""Population to evaluate on snapshots: draws, transport methods and velocity as functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Times = Float[np.ndarray, " rows"]
Points = Float[np.ndarray, "rows dim"]


class TransportMethod(NamedTuple):
    """Method to transport cells through time.

    **Attributes:**

    - `transport`: from cells, their time, the time to reach and a seed to as many cells.
    - `random`: whether the seed matters. What is not random is evaluated once.
    """

    transport: Callable[[Points, float, float, int], Points]
    random: bool = False


@dataclass(frozen=True)
class Population:
    """A model of snapshots as functions of NumPy rows; parts may be missing.

    Times are numbers of one unit, and positions of one unit, everywhere. For a fitted model use
    `Model.population()`; anything else that draws or transports cells can be put in here by hand.

    **Attributes:**

    - `sample`: from times, shape `(rows,)`, and a seed to one draw at each, `(rows, dim)`.
    - `methods`: transport methods, by name.
    - `velocity`: from times and positions to velocities, `(rows, dim)`.
    """

    sample: Callable[[Times, int], Points] | None = None
    methods: Mapping[str, TransportMethod] = field(default_factory=dict)
    velocity: Callable[[Times, Points], Points] | None = None

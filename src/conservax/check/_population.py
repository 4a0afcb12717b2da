"""What snapshots can judge: a population that draws, carries and moves its members."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Times = Float[np.ndarray, " rows"]
Cells = Float[np.ndarray, "rows dim"]


class TransportMethod(NamedTuple):
    """A way to carry cells through time.

    **Attributes:**

    - `carry`: from cells, their time, the time to reach and a seed to as many cells.
    - `random`: whether the seed matters. What is not random is carried once.
    """

    carry: Callable[[Cells, float, float, int], Cells]
    random: bool = False


@dataclass(frozen=True)
class Population:
    """All that a model says about snapshots, as functions of NumPy rows; parts may be missing.

    Times are numbers of one unit, and positions of one unit, everywhere. For a fitted model use
    `Model.population()`; anything else that draws or carries cells can be put in here by hand.

    **Attributes:**

    - `sample`: from times, shape `(rows,)`, and a seed to one draw at each, `(rows, dim)`.
    - `routes`: ways to carry cells, by name.
    - `velocity`: from times and positions to velocities, `(rows, dim)`.
    """

    sample: Callable[[Times, int], Cells] | None = None
    routes: Mapping[str, TransportMethod] = field(default_factory=dict)
    velocity: Callable[[Times, Cells], Cells] | None = None

"""Time rescaling: the integrated hazard between events is exponential with rate 1.

By the time-rescaling theorem [brown2002] the events of a window become, on the clock of their own
integrated hazard, a Poisson process of rate 1, whatever the process was.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def pooled_residuals(
    hazards: Sequence[Float[np.ndarray, " before"]],
) -> Float[np.ndarray, " events"]:
    """Inter-event times of all windows on their own clock, exponential with rate 1.

    **Arguments:**

    - `hazards`: of every window, the hazard integrated from event to event, and last from the
      last event to the end of the window, which is cut short: longer by an unknown amount.

    What is cut short goes over into the first one of the next window: a Poisson process of rate 1
    forgets, so windows laid end to end are one. Only the end of the last window is left out.
    """
    residuals, over = [], 0.0
    for window in hazards:
        *whole, end = window
        if not whole:
            over += end
            continue
        whole[0] += over
        residuals.extend(whole)
        over = end
    return np.asarray(residuals, float)

"""Array types of tables: axis letters and the two kinds of time."""

from typing import Literal

import numpy as np
from jaxtyping import Float64

TimeKind = Literal["number", "timestamp"]

Times = Float64[np.ndarray, " rows"]
Points = Float64[np.ndarray, "rows dim"]

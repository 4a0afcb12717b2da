"""Kernels: the shapes of mixture components."""

import math
from typing import Literal, get_args

from conservax.univariate._mixture import LogisticMixture, NormalMixture

Kernel = Literal["logistic", "normal"]
KERNELS = {"logistic": LogisticMixture, "normal": NormalMixture}
UNIT_SCALE = {"logistic": math.sqrt(3) / math.pi, "normal": 1.0}  # of deviation 1


def checked_kernel(kernel: Kernel) -> Kernel:
    """The name of a kernel.

    **Raises:** `ValueError` for another name.
    """
    if kernel not in KERNELS:
        raise ValueError(f"expected a kernel of {list(get_args(Kernel))}; got {kernel!r}.")
    return kernel

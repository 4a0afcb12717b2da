"""Distributions of one coordinate: mixtures of kernels, their quantiles, and tails in log space."""

from conservax.univariate._base import AbstractConditional
from conservax.univariate._base import capped_exp as capped_exp
from conservax.univariate._base import largest_ratio as largest_ratio
from conservax.univariate._mixture import (
    KERNELS,
    AbstractKernelMixture,
    Kernel,
    LogisticMixture,
    NormalMixture,
)
from conservax.univariate._mixture import UNIT_SCALE as UNIT_SCALE
from conservax.univariate._mixture import checked_kernel as checked_kernel
from conservax.univariate._parameters import initial_outputs as initial_outputs
from conservax.univariate._parameters import normal_outputs as normal_outputs
from conservax.univariate._parameters import to_log_scale as to_log_scale
from conservax.univariate._parameters import to_mixture as to_mixture
from conservax.univariate._parameters import to_raw_scale as to_raw_scale

__all__ = [
    "KERNELS",
    "AbstractConditional",
    "AbstractKernelMixture",
    "Kernel",
    "LogisticMixture",
    "NormalMixture",
]

# Classes that a file of a model may name.
IN_FILES = (
    LogisticMixture,
    NormalMixture,
)

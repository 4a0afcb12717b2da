"""Time-dependent densities with exact likelihood and exact sampling."""

from conservax.density._autoregressive import Autoregressive
from conservax.density._base import (
    AbstractAutoregressiveDensity,
    AbstractDensity,
    AbstractFactorizedDensity,
)
from conservax.density._base import check_point as check_point
from conservax.density._diagonal_gaussian_mixture import DiagonalGaussianMixture
from conservax.density._factorized import Factorized
from conservax.density._fourier_trajectory import FourierTrajectory
from conservax.density._gaussian import Gaussian
from conservax.density._kernel_mixture import Clusters as Clusters
from conservax.density._kernel_mixture import KernelMixture
from conservax.density._mixture import Mixture
from conservax.density._push_forward import PushForward
from conservax.density._subharmonic import Subharmonic
from conservax.density._trajectory import Trajectory
from conservax.density._whitened import Whitened

__all__ = [
    "AbstractAutoregressiveDensity",
    "AbstractDensity",
    "AbstractFactorizedDensity",
    "Autoregressive",
    "DiagonalGaussianMixture",
    "Factorized",
    "FourierTrajectory",
    "Gaussian",
    "KernelMixture",
    "Mixture",
    "PushForward",
    "Subharmonic",
    "Trajectory",
    "Whitened",
]

# Classes that a file of a model may name.
IN_FILES = (
    Autoregressive,
    Factorized,
    FourierTrajectory,
    KernelMixture,
    Mixture,
    DiagonalGaussianMixture,
    PushForward,
    Subharmonic,
    Trajectory,
    Whitened,
)

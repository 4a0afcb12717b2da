"""Time-dependent densities with exact likelihood and exact sampling."""

from conservax.density._autoregressive import Autoregressive as Autoregressive
from conservax.density._base import (
    AbstractAutoregressiveDensity as AbstractAutoregressiveDensity,
)
from conservax.density._base import AbstractDensity as AbstractDensity
from conservax.density._base import AbstractFactorizedDensity as AbstractFactorizedDensity
from conservax.density._base import check_point as check_point
from conservax.density._factorized import Factorized as Factorized
from conservax.density._fourier_trajectory import FourierTrajectory as FourierTrajectory
from conservax.density._gaussian import Gaussian as Gaussian
from conservax.density._kernel_mixture import Clusters as Clusters
from conservax.density._kernel_mixture import KernelMixture as KernelMixture
from conservax.density._mixture import Mixture as Mixture
from conservax.density._subharmonic import Subharmonic as Subharmonic
from conservax.density._trajectory import Trajectory as Trajectory
from conservax.density._whitened import Whitened as Whitened

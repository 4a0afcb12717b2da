"""Baselines: classical density estimates of the same points, and optimal transport between snapshots."""

from conservax.baseline._by_snapshot import BY_SNAPSHOT as BY_SNAPSHOT
from conservax.baseline._by_snapshot import GaussianMixtureBySnapshot as GaussianMixtureBySnapshot
from conservax.baseline._by_snapshot import NormalBySnapshot as NormalBySnapshot
from conservax.baseline._by_snapshot import (
    fit_gaussian_mixture_by_snapshot as fit_gaussian_mixture_by_snapshot,
)
from conservax.baseline._by_snapshot import fit_normal_by_snapshot as fit_normal_by_snapshot
from conservax.baseline._displacement import DisplacementInterpolation as DisplacementInterpolation
from conservax.baseline._gaussian_mixture import GaussianMixtureInTime as GaussianMixtureInTime
from conservax.baseline._gaussian_mixture import StaticGaussianMixture as StaticGaussianMixture
from conservax.baseline._gaussian_mixture import fit_gaussian_mixture as fit_gaussian_mixture
from conservax.baseline._gaussian_mixture import (
    fit_gaussian_mixture_in_time as fit_gaussian_mixture_in_time,
)
from conservax.baseline._kernel_density import KernelDensity as KernelDensity
from conservax.baseline._kernel_density import KernelDensityInTime as KernelDensityInTime
from conservax.baseline._kernel_density import fit_kernel_density as fit_kernel_density
from conservax.baseline._kernel_density import (
    fit_kernel_density_in_time as fit_kernel_density_in_time,
)

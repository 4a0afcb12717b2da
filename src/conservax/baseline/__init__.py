"""What else could have been fitted to the same points: classical density estimates."""

from ._by_snapshot import BY_SNAPSHOT as BY_SNAPSHOT
from ._by_snapshot import GaussianMixtureBySnapshot as GaussianMixtureBySnapshot
from ._by_snapshot import NormalBySnapshot as NormalBySnapshot
from ._by_snapshot import fit_gaussian_mixture_by_snapshot as fit_gaussian_mixture_by_snapshot
from ._by_snapshot import fit_normal_by_snapshot as fit_normal_by_snapshot
from ._displacement import DisplacementInterpolation as DisplacementInterpolation
from ._gaussian_mixture import GaussianMixture as GaussianMixture
from ._gaussian_mixture import GaussianMixtureInTime as GaussianMixtureInTime
from ._gaussian_mixture import fit_gaussian_mixture as fit_gaussian_mixture
from ._gaussian_mixture import fit_gaussian_mixture_in_time as fit_gaussian_mixture_in_time
from ._kernel_density import KernelDensity as KernelDensity
from ._kernel_density import KernelDensityInTime as KernelDensityInTime
from ._kernel_density import fit_kernel_density as fit_kernel_density
from ._kernel_density import fit_kernel_density_in_time as fit_kernel_density_in_time

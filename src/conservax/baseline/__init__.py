"""What else could have been fitted to the same points: classical density estimates."""

from ._displacement import DisplacementInterpolation as DisplacementInterpolation
from ._gaussian_mixture import GaussianMixture as GaussianMixture
from ._gaussian_mixture import GaussianMixtureInTime as GaussianMixtureInTime
from ._gaussian_mixture import fit_gaussian_mixture as fit_gaussian_mixture
from ._gaussian_mixture import fit_gaussian_mixture_in_time as fit_gaussian_mixture_in_time
from ._kernel_density import KernelDensity as KernelDensity
from ._kernel_density import KernelDensityInTime as KernelDensityInTime
from ._kernel_density import fit_kernel_density as fit_kernel_density
from ._kernel_density import fit_kernel_density_in_time as fit_kernel_density_in_time

"""Baselines: classical density estimates of the same points, and optimal transport between snapshots."""

from conservax.baseline._by_snapshot import BY_SNAPSHOT as BY_SNAPSHOT
from conservax.baseline._by_snapshot import (
    GaussianMixtureBySnapshot,
    NormalBySnapshot,
    fit_gaussian_mixture_by_snapshot,
    fit_normal_by_snapshot,
)
from conservax.baseline._displacement import DisplacementInterpolation
from conservax.baseline._displacement import couple as couple
from conservax.baseline._gaussian_mixture import (
    GaussianMixtureInTime,
    StaticGaussianMixture,
    fit_gaussian_mixture,
    fit_gaussian_mixture_in_time,
)
from conservax.baseline._kernel_density import (
    KernelDensity,
    KernelDensityInTime,
    fit_kernel_density,
    fit_kernel_density_in_time,
)

__all__ = [
    "DisplacementInterpolation",
    "GaussianMixtureBySnapshot",
    "GaussianMixtureInTime",
    "KernelDensity",
    "KernelDensityInTime",
    "NormalBySnapshot",
    "StaticGaussianMixture",
    "fit_gaussian_mixture",
    "fit_gaussian_mixture_by_snapshot",
    "fit_gaussian_mixture_in_time",
    "fit_kernel_density",
    "fit_kernel_density_in_time",
    "fit_normal_by_snapshot",
]

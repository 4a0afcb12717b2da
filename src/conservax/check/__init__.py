"""Proof of it: conservation, mass, spurious flux, samples and held-out data against the law."""

from conservax.check._calibration import calibration as calibration
from conservax.check._calibration import ecdf_band as ecdf_band
from conservax.check._check import check as check
from conservax.check._distances import wasserstein as wasserstein
from conservax.check._residual import continuity_residual as continuity_residual
from conservax.check._residual import fokker_planck_residual as fokker_planck_residual
from conservax.check._result import CheckReport as CheckReport
from conservax.check._result import CheckResult as CheckResult

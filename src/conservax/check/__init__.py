"""Proof of it: conservation, mass, spurious flux, samples and held-out data against the law."""

from conservax.check._residual import continuity_residual as continuity_residual
from conservax.check._residual import fokker_planck_residual as fokker_planck_residual

"""Equations for densities, as a velocity at every particle, and their closed solutions."""

from conservax.equation._base import AbstractEquation, Particles
from conservax.equation._fokker_planck import FokkerPlanck
from conservax.equation._landau import MaxwellLandau
from conservax.equation._solutions import BKW, AbstractSolution, Barenblatt, GaussianMixtureSolution

__all__ = [
    "BKW",
    "AbstractEquation",
    "AbstractSolution",
    "Barenblatt",
    "FokkerPlanck",
    "GaussianMixtureSolution",
    "MaxwellLandau",
    "Particles",
]

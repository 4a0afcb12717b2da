"""Equations for densities, as a velocity at every particle, and their closed solutions."""

from conservax.equation._base import AbstractEquation as AbstractEquation
from conservax.equation._base import Particles as Particles
from conservax.equation._fokker_planck import FokkerPlanck as FokkerPlanck
from conservax.equation._landau import MaxwellLandau as MaxwellLandau
from conservax.equation._solutions import BKW as BKW
from conservax.equation._solutions import AbstractSolution as AbstractSolution
from conservax.equation._solutions import Barenblatt as Barenblatt
from conservax.equation._solutions import GaussianMixtureSolution as GaussianMixtureSolution

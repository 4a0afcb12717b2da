"""Objectives: terms of the loss, which add up with weights."""

from conservax.objective._base import AbstractObjective as AbstractObjective
from conservax.objective._base import AbstractReferenceObjective as AbstractReferenceObjective
from conservax.objective._base import Rows as Rows
from conservax.objective._base import Sum as Sum
from conservax.objective._base import as_sum as as_sum
from conservax.objective._collocation import CollocationPoints as CollocationPoints
from conservax.objective._collocation import draws as draws
from conservax.objective._euler import ContinuityResidual as ContinuityResidual
from conservax.objective._euler import EulerResidual as EulerResidual
from conservax.objective._euler import FluidInitialResidual as FluidInitialResidual
from conservax.objective._euler import FreeSlip as FreeSlip
from conservax.objective._euler import euler_residual as euler_residual
from conservax.objective._evolution import EquationResidual as EquationResidual
from conservax.objective._evolution import InitialResidual as InitialResidual
from conservax.objective._field_asymmetry import FieldAsymmetry as FieldAsymmetry
from conservax.objective._field_residual import FieldResidual as FieldResidual
from conservax.objective._growth_energy import GrowthEnergy as GrowthEnergy
from conservax.objective._growth_prior import GrowthPrior as GrowthPrior
from conservax.objective._jacobian_symmetry import JacobianSymmetry as JacobianSymmetry
from conservax.objective._kinetic_energy import KineticEnergy as KineticEnergy
from conservax.objective._likelihood import NegativeLogLikelihood as NegativeLogLikelihood
from conservax.objective._log_energy import LogEnergy as LogEnergy
from conservax.objective._mass import MassResidual as MassResidual
from conservax.objective._reference_energy import ReferenceEnergy as ReferenceEnergy

"""Objectives: terms of the loss, which add up with weights."""

from conservax.objective._base import AbstractObjective as AbstractObjective
from conservax.objective._base import AbstractReferenceObjective as AbstractReferenceObjective
from conservax.objective._base import Rows as Rows
from conservax.objective._base import Sum as Sum
from conservax.objective._base import as_sum as as_sum
from conservax.objective._collocation import CollocationPoints as CollocationPoints
from conservax.objective._collocation import draws as draws
from conservax.objective._euler import ContinuityError as ContinuityError
from conservax.objective._euler import EulerError as EulerError
from conservax.objective._euler import FluidInitialError as FluidInitialError
from conservax.objective._euler import FreeSlip as FreeSlip
from conservax.objective._euler import euler_residual as euler_residual
from conservax.objective._evolution import EquationError as EquationError
from conservax.objective._evolution import InitialError as InitialError
from conservax.objective._field_asymmetry import FieldAsymmetry as FieldAsymmetry
from conservax.objective._field_error import FieldError as FieldError
from conservax.objective._growth_energy import GrowthEnergy as GrowthEnergy
from conservax.objective._growth_prior import GrowthPrior as GrowthPrior
from conservax.objective._jacobian_symmetry import JacobianSymmetry as JacobianSymmetry
from conservax.objective._kinetic_energy import KineticEnergy as KineticEnergy
from conservax.objective._likelihood import NegativeLogLikelihood as NegativeLogLikelihood
from conservax.objective._log_energy import LogEnergy as LogEnergy
from conservax.objective._mass import MassError as MassError
from conservax.objective._reference_energy import ReferenceEnergy as ReferenceEnergy

"""Objectives: terms of the loss, which add up with weights."""

from conservax.objective._base import AbstractObjective, AbstractReferenceObjective, Rows, Sum
from conservax.objective._base import as_sum as as_sum
from conservax.objective._collocation import CollocationPoints as CollocationPoints
from conservax.objective._collocation import draws as draws
from conservax.objective._coupled_matching import CoupledMatching
from conservax.objective._devices import sharing_rows as sharing_rows
from conservax.objective._euler import (
    ContinuityResidual,
    EulerResidual,
    FluidInitialResidual,
    FreeSlip,
)
from conservax.objective._euler import euler_residual as euler_residual
from conservax.objective._evolution import EquationResidual, InitialResidual
from conservax.objective._field_asymmetry import FieldAsymmetry
from conservax.objective._field_residual import FieldResidual
from conservax.objective._growth_energy import GrowthEnergy
from conservax.objective._growth_prior import GrowthPrior
from conservax.objective._jacobian_symmetry import JacobianSymmetry
from conservax.objective._kinetic_energy import KineticEnergy
from conservax.objective._likelihood import NegativeLogLikelihood
from conservax.objective._log_energy import LogEnergy
from conservax.objective._mass import MassResidual
from conservax.objective._reference_energy import ReferenceEnergy
from conservax.objective._state_cost import StateCost

__all__ = [
    "AbstractObjective",
    "AbstractReferenceObjective",
    "ContinuityResidual",
    "CoupledMatching",
    "EquationResidual",
    "EulerResidual",
    "FieldAsymmetry",
    "FieldResidual",
    "FluidInitialResidual",
    "FreeSlip",
    "GrowthEnergy",
    "GrowthPrior",
    "InitialResidual",
    "JacobianSymmetry",
    "KineticEnergy",
    "LogEnergy",
    "MassResidual",
    "NegativeLogLikelihood",
    "ReferenceEnergy",
    "Rows",
    "StateCost",
    "Sum",
]

# Classes that a file of a model may name.
IN_FILES = (
    CoupledMatching,
    GrowthEnergy,
    GrowthPrior,
    JacobianSymmetry,
    KineticEnergy,
    LogEnergy,
    MassResidual,
    NegativeLogLikelihood,
    ReferenceEnergy,
    StateCost,
    Sum,
)

"""Divergence-free fields: of space, of space and time (fluids), on a torus or in a ball."""

from conservax.field._divergence_free import (
    AbstractDivergenceFree,
    MatrixField,
    VectorPotentialField,
)
from conservax.field._domain import AbstractDomain, Ball, Euclidean, Torus
from conservax.field._domain import bounded as bounded
from conservax.field._domain import check_domain as check_domain
from conservax.field._field_network import FieldNetwork
from conservax.field._fluid import Fluid
from conservax.field._fourier_field import FourierField
from conservax.field._row_divergence import antisymmetric as antisymmetric
from conservax.field._row_divergence import row_divergence, vector_row_divergence
from conservax.field._space_time import SpaceTimeField

__all__ = [
    "AbstractDivergenceFree",
    "AbstractDomain",
    "Ball",
    "Euclidean",
    "FieldNetwork",
    "Fluid",
    "FourierField",
    "MatrixField",
    "SpaceTimeField",
    "Torus",
    "VectorPotentialField",
    "row_divergence",
    "vector_row_divergence",
]

# Classes that a file of a model may name.
IN_FILES = (
    Ball,
    Euclidean,
    FieldNetwork,
    FourierField,
    MatrixField,
    Torus,
    VectorPotentialField,
)

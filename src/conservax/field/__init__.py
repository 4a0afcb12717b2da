"""Divergence-free fields: of space, of space and time (fluids), on a torus or in a ball."""

from conservax.field._divergence_free import AbstractDivergenceFree as AbstractDivergenceFree
from conservax.field._divergence_free import MatrixField as MatrixField
from conservax.field._divergence_free import VectorPotentialField as VectorPotentialField
from conservax.field._domain import AbstractBoundedDomain as AbstractBoundedDomain
from conservax.field._domain import AbstractDomain as AbstractDomain
from conservax.field._domain import Ball as Ball
from conservax.field._domain import Euclidean as Euclidean
from conservax.field._domain import Torus as Torus
from conservax.field._domain import bounded as bounded
from conservax.field._domain import check_domain as check_domain
from conservax.field._field_network import FieldNetwork as FieldNetwork
from conservax.field._fluid import Fluid as Fluid
from conservax.field._fourier_field import FourierField as FourierField
from conservax.field._row_divergence import antisymmetric as antisymmetric
from conservax.field._row_divergence import row_divergence as row_divergence
from conservax.field._row_divergence import vector_row_divergence as vector_row_divergence
from conservax.field._space_time import SpaceTimeField as SpaceTimeField

"""How it moves: fluxes that satisfy the continuity equation with the density they are given."""

from conservax.flux._base import AbstractFlux as AbstractFlux
from conservax.flux._base import AbstractGrowingFlux as AbstractGrowingFlux
from conservax.flux._base import AbstractMappedFlux as AbstractMappedFlux
from conservax.flux._divergence_free import AbstractDivergenceFree as AbstractDivergenceFree
from conservax.flux._divergence_free import MatrixField as MatrixField
from conservax.flux._divergence_free import VectorField as VectorField
from conservax.flux._domain import AbstractBoundedDomain as AbstractBoundedDomain
from conservax.flux._domain import AbstractDomain as AbstractDomain
from conservax.flux._domain import Ball as Ball
from conservax.flux._domain import Euclidean as Euclidean
from conservax.flux._domain import Torus as Torus
from conservax.flux._domain import bounded as bounded
from conservax.flux._domain import check_domain as check_domain
from conservax.flux._factorized import FactorizedFlux as FactorizedFlux
from conservax.flux._field_network import FieldNetwork as FieldNetwork
from conservax.flux._fluid import Fluid as Fluid
from conservax.flux._fourier_field import FourierField as FourierField
from conservax.flux._knothe_rosenblatt import KnotheRosenblatt as KnotheRosenblatt
from conservax.flux._mixture import MixtureFlux as MixtureFlux
from conservax.flux._naive import NaiveFlux as NaiveFlux
from conservax.flux._row_divergence import antisymmetric as antisymmetric
from conservax.flux._row_divergence import row_divergence as row_divergence
from conservax.flux._row_divergence import vector_row_divergence as vector_row_divergence
from conservax.flux._sigmoid_cancellation import SigmoidCancellation as SigmoidCancellation
from conservax.flux._space_time import SpaceTimeField as SpaceTimeField
from conservax.flux._subharmonic import SubharmonicFlux as SubharmonicFlux

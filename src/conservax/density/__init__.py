"""What is where: time-dependent densities with exact likelihood and exact sampling."""

from conservax.density._autoregressive import Autoregressive as Autoregressive
from conservax.density._base import (
    AbstractAutoregressiveDensity as AbstractAutoregressiveDensity,
)
from conservax.density._base import AbstractDensity as AbstractDensity
from conservax.density._base import AbstractFactorizedDensity as AbstractFactorizedDensity
from conservax.density._bump_mixture import BumpMixture as BumpMixture
from conservax.density._clusters import Clusters as Clusters
from conservax.density._clusters import find_clusters as find_clusters
from conservax.density._conditional import AbstractConditional as AbstractConditional
from conservax.density._curve import Curve as Curve
from conservax.density._dense_network import DenseNetwork as DenseNetwork
from conservax.density._factorized import Factorized as Factorized
from conservax.density._gaussian import Gaussian as Gaussian
from conservax.density._kernel import Kernel as Kernel
from conservax.density._mixture import Mixture as Mixture
from conservax.density._mixture_conditionals import LogisticMixture as LogisticMixture
from conservax.density._mixture_conditionals import NormalMixture as NormalMixture
from conservax.density._path import Path as Path
from conservax.density._point_features import (
    features_a_coordinate as features_a_coordinate,
)
from conservax.density._point_features import point_features as point_features
from conservax.density._point_features import squash as squash
from conservax.density._subharmonic import Subharmonic as Subharmonic
from conservax.density._whitened import Whitened as Whitened

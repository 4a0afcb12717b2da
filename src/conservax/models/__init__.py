"""Models as settings: `conservax.fit(data, model=KernelMixture(components=64))`."""

from conservax.models._autoregressive import Autoregressive
from conservax.models._base import AbstractGrowthSpec, AbstractModelSpec
from conservax.models._base import ReferenceName as ReferenceName
from conservax.models._base import kind_of as kind_of
from conservax.models._clusters import find_clusters as find_clusters
from conservax.models._custom import Custom
from conservax.models._factorized import Factorized
from conservax.models._flow import Flow
from conservax.models._kernel_mixture import KernelMixture
from conservax.models._law import law_maker as law_maker
from conservax.models._law import reference_parameters as reference_parameters
from conservax.models._point_process import PointProcess
from conservax.models._snapshot_moments import SnapshotMoments as SnapshotMoments
from conservax.models._trajectories import Trajectories

__all__ = [
    "AbstractGrowthSpec",
    "AbstractModelSpec",
    "Autoregressive",
    "Custom",
    "Factorized",
    "Flow",
    "KernelMixture",
    "PointProcess",
    "Trajectories",
]

MODELS: dict[str, type[AbstractModelSpec]] = {
    spec.name: spec for spec in (Autoregressive, Factorized, KernelMixture, Trajectories, Flow)
}

# Classes that a file of a model may name.
IN_FILES = (
    Autoregressive,
    Custom,
    Factorized,
    Flow,
    KernelMixture,
    PointProcess,
    Trajectories,
)

"""Networks and features that several parts share."""

from conservax.nn._dense_network import DenseNetwork
from conservax.nn._fourier_features import features_per_coordinate as features_per_coordinate
from conservax.nn._fourier_features import fourier_features
from conservax.nn._fourier_features import soft_clip as soft_clip
from conservax.nn._masked_network import UNROLLED_DIM as UNROLLED_DIM
from conservax.nn._masked_network import MaskedNetwork
from conservax.nn._masked_network import NetworkState as NetworkState
from conservax.nn._time_embedding import TimeEmbedding

__all__ = [
    "DenseNetwork",
    "MaskedNetwork",
    "TimeEmbedding",
    "fourier_features",
]

# Classes that a file of a model may name.
IN_FILES = (
    DenseNetwork,
    MaskedNetwork,
    TimeEmbedding,
)

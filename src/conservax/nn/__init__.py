"""Networks and features that several parts share."""

from conservax.nn._dense_network import DenseNetwork as DenseNetwork
from conservax.nn._fourier_features import features_a_coordinate as features_a_coordinate
from conservax.nn._fourier_features import point_features as point_features
from conservax.nn._fourier_features import squash as squash
from conservax.nn._masked_network import UNROLLED_DIM as UNROLLED_DIM
from conservax.nn._masked_network import MaskedNetwork as MaskedNetwork
from conservax.nn._masked_network import NetworkState as NetworkState
from conservax.nn._time_embedding import TimeEmbedding as TimeEmbedding

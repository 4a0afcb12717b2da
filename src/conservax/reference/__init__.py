"""Reference processes: fixed drifts, or families of drifts learned along with the law."""

from conservax.reference._base import AbstractReference
from conservax.reference._fixed_drift import FixedDrift
from conservax.reference._lotka_volterra import LotkaVolterra
from conservax.reference._network import NetworkDrift
from conservax.reference._repressilator import Repressilator
from conservax.reference._rescaled import Rescaled
from conservax.reference._with_reference import WithReference

__all__ = [
    "AbstractReference",
    "FixedDrift",
    "LotkaVolterra",
    "NetworkDrift",
    "Repressilator",
    "Rescaled",
    "WithReference",
]

# Classes that a file of a model may name.
IN_FILES = (
    LotkaVolterra,
    NetworkDrift,
    Repressilator,
    Rescaled,
    WithReference,
)

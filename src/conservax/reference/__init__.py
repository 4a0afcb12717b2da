"""Reference processes: fixed drifts, or families of drifts learned along with the law."""

from conservax.reference._base import AbstractReference as AbstractReference
from conservax.reference._fixed_drift import FixedDrift as FixedDrift
from conservax.reference._lotka_volterra import LotkaVolterra as LotkaVolterra
from conservax.reference._network import NetworkDrift as NetworkDrift
from conservax.reference._repressilator import Repressilator as Repressilator
from conservax.reference._rescaled import Rescaled as Rescaled
from conservax.reference._with_reference import WithReference as WithReference

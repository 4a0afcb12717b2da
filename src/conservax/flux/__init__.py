"""Fluxes: vector fields that satisfy the continuity equation with a density."""

from conservax.flux._base import AbstractFlowMapFlux, AbstractFlux, AbstractGrowthFlux
from conservax.flux._factorized import FactorizedFlux
from conservax.flux._knothe_rosenblatt import KnotheRosenblatt
from conservax.flux._mixture import MixtureFlux
from conservax.flux._naive import NaiveFlux
from conservax.flux._pair import check_pair as check_pair
from conservax.flux._push_forward import PushForwardFlux, ZeroFlux
from conservax.flux._sigmoid_cancellation import SigmoidCancellation, StandardLogistic
from conservax.flux._subharmonic import SubharmonicFlux

__all__ = [
    "AbstractFlowMapFlux",
    "AbstractFlux",
    "AbstractGrowthFlux",
    "FactorizedFlux",
    "KnotheRosenblatt",
    "MixtureFlux",
    "NaiveFlux",
    "PushForwardFlux",
    "SigmoidCancellation",
    "StandardLogistic",
    "SubharmonicFlux",
    "ZeroFlux",
]

# Classes that a file of a model may name.
IN_FILES = (
    StandardLogistic,
    FactorizedFlux,
    KnotheRosenblatt,
    MixtureFlux,
    NaiveFlux,
    PushForwardFlux,
    ZeroFlux,
    SigmoidCancellation,
    SubharmonicFlux,
)

"""Fluxes: vector fields that satisfy the continuity equation with a density."""

from conservax.flux._base import AbstractFlowMapFlux as AbstractFlowMapFlux
from conservax.flux._base import AbstractFlux as AbstractFlux
from conservax.flux._base import AbstractGrowthFlux as AbstractGrowthFlux
from conservax.flux._factorized import FactorizedFlux as FactorizedFlux
from conservax.flux._knothe_rosenblatt import KnotheRosenblatt as KnotheRosenblatt
from conservax.flux._mixture import MixtureFlux as MixtureFlux
from conservax.flux._naive import NaiveFlux as NaiveFlux
from conservax.flux._pair import check_pair as check_pair
from conservax.flux._sigmoid_cancellation import ConstantLogistic as ConstantLogistic
from conservax.flux._sigmoid_cancellation import SigmoidCancellation as SigmoidCancellation
from conservax.flux._subharmonic import SubharmonicFlux as SubharmonicFlux

"""Bijections of R^dim that change in time, which carry one density to another."""

from conservax.bijection._base import AbstractBijection
from conservax.bijection._couplings import Couplings
from conservax.bijection._flowjax import FlowjaxBijection

__all__ = ["AbstractBijection", "Couplings", "FlowjaxBijection"]

# Classes that a file of a model may name.
IN_FILES = (Couplings,)

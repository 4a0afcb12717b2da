"""Bijections of R^dim that change in time, which push one density forward to another."""

from conservax.bijection._base import AbstractBijection
from conservax.bijection._chain import Chain
from conservax.bijection._check_bijection import check_bijection
from conservax.bijection._coupling_flow import CouplingFlow
from conservax.bijection._coupling_flow import Transformer as Transformer
from conservax.bijection._flowjax import FlowjaxBijection
from conservax.bijection._interpolated_affine import InterpolatedAffine

__all__ = [
    "AbstractBijection",
    "Chain",
    "CouplingFlow",
    "FlowjaxBijection",
    "InterpolatedAffine",
    "check_bijection",
]

# Classes that a file of a model may name.
IN_FILES = (Chain, CouplingFlow, InterpolatedAffine)

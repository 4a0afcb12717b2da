"""conservax: learn how a population moves, with probability conserved exactly."""

from importlib.metadata import version

from conservax import _compiler as _compiler  # first: it must come before any compilation
from conservax import (
    baseline,
    cells,
    check,
    control,
    data,
    density,
    equation,
    field,
    fitting,
    flux,
    law,
    model,
    models,
    nn,
    objective,
    point_process,
    reference,
    report,
    scoring,
    solve,
    train,
    transport,
    univariate,
)
from conservax.control import plan
from conservax.data import DataError, HoldOut
from conservax.fitting import EventModel, Model, fit, fit_events, load, resume
from conservax.law import ConservationLaw
from conservax.model import CodecError, ExtrapolationWarning
from conservax.train import Stage, Training

__version__ = version("conservax")

__all__ = [
    "CodecError",
    "ConservationLaw",
    "DataError",
    "EventModel",
    "ExtrapolationWarning",
    "HoldOut",
    "Model",
    "Stage",
    "Training",
    "baseline",
    "cells",
    "check",
    "control",
    "data",
    "density",
    "equation",
    "field",
    "fit",
    "fit_events",
    "fitting",
    "flux",
    "law",
    "load",
    "model",
    "models",
    "nn",
    "objective",
    "plan",
    "point_process",
    "reference",
    "report",
    "resume",
    "scoring",
    "solve",
    "train",
    "transport",
    "univariate",
]

"""Public names of conservax, each imported when it is first used."""

from . import (
    baseline,
    bijection,
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
from ._program_cache import cache_programs
from .control import plan
from .data import DataError, HoldOut
from .fitting import EventModel, Model, fit, fit_events, load, resume
from .law import ConservationLaw
from .model import CodecError, ExtrapolationWarning
from .train import Stage, Training

__version__: str

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
    "bijection",
    "cache_programs",
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

"""conservax: learn how a population moves, with probability conserved exactly."""

from importlib.metadata import version

from conservax import _compiler as _compiler  # first: it must come before any compilation
from conservax import baseline as baseline
from conservax import cells as cells
from conservax import check as check
from conservax import control as control
from conservax import data as data
from conservax import density as density
from conservax import equation as equation
from conservax import field as field
from conservax import fitting as fitting
from conservax import flux as flux
from conservax import law as law
from conservax import model as model
from conservax import models as models
from conservax import nn as nn
from conservax import objective as objective
from conservax import point_process as point_process
from conservax import reference as reference
from conservax import report as report
from conservax import scoring as scoring
from conservax import solve as solve
from conservax import train as train
from conservax import transport as transport
from conservax import univariate as univariate
from conservax.control import plan as plan
from conservax.data import DataError as DataError
from conservax.data import HoldOut as HoldOut
from conservax.fitting import EventModel as EventModel
from conservax.fitting import Model as Model
from conservax.fitting import fit as fit
from conservax.fitting import fit_events as fit_events
from conservax.fitting import load as load
from conservax.fitting import resume as resume
from conservax.law import ConservationLaw as ConservationLaw
from conservax.model import CodecError as CodecError
from conservax.model import ExtrapolationWarning as ExtrapolationWarning
from conservax.train import Stage as Stage
from conservax.train import Training as Training

__version__ = version("conservax")

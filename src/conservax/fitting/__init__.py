"""From data to a trained model: `fit`, `fit_events`, and the folders of runs."""

from conservax.fitting._event_model import EventModel as EventModel
from conservax.fitting._fit import fit as fit
from conservax.fitting._fit_events import fit_events as fit_events
from conservax.fitting._input_noise import input_noise as input_noise
from conservax.fitting._model import Model as Model
from conservax.fitting._resume import load as load
from conservax.fitting._resume import resume as resume
from conservax.fitting._run import open_run as open_run

__all__ = []

"""The user's object: a law with units and names around it; fitting, saving, loading."""

from conservax.model._annotate import embedded as embedded
from conservax.model._annotate import rows_of as rows_of
from conservax.model._codec import CodecError as CodecError
from conservax.model._densities import DensityName as DensityName
from conservax.model._event_model import EventModel as EventModel
from conservax.model._event_scores import EventScore as EventScore
from conservax.model._event_scores import event_scores as event_scores
from conservax.model._fit import fit as fit
from conservax.model._fit import load as load
from conservax.model._fit import resume as resume
from conservax.model._fit_events import fit_events as fit_events
from conservax.model._law_in_units import ExtrapolationWarning as ExtrapolationWarning
from conservax.model._model import Model as Model
from conservax.model._parts import ReferenceName as ReferenceName
from conservax.model._parts import reference_parameters as reference_parameters
from conservax.model._projection import Embedding as Embedding
from conservax.model._rows import over_rows as over_rows
from conservax.model._run import open_run as open_run
from conservax.model._scores import Losses as Losses
from conservax.model._scores import Score as Score
from conservax.model._scores import TimeScore as TimeScore
from conservax.model._scores import baselines as baselines
from conservax.model._scores import losses as losses
from conservax.model._scores import scores as scores
from conservax.model._scores import scores_by_time as scores_by_time
from conservax.model._smoothing import smoothing as smoothing

"""What comes next: laws of events that remember the events before."""

from conservax.history._encoder import Encoder as Encoder
from conservax.history._event_law import EventLaw as EventLaw
from conservax.history._event_law import Sequences as Sequences
from conservax.history._event_law import Terms as Terms
from conservax.history._inter_event import InterEventTime as InterEventTime
from conservax.history._likelihood import SequenceLikelihood as SequenceLikelihood
from conservax.history._simulate import simulate as simulate

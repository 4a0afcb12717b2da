"""Temporal point processes: times and locations of events, given those before."""

from conservax.point_process._encoder import Encoder as Encoder
from conservax.point_process._event_law import EventLaw as EventLaw
from conservax.point_process._event_law import Sequences as Sequences
from conservax.point_process._event_law import Terms as Terms
from conservax.point_process._inter_event import InterEventTime as InterEventTime
from conservax.point_process._likelihood import SequenceLikelihood as SequenceLikelihood
from conservax.point_process._simulate import simulate as simulate

"""Temporal point processes: times and locations of events, given those before."""

from conservax.point_process._encoder import Encoder
from conservax.point_process._event_law import EventLaw, Sequences
from conservax.point_process._event_law import Terms as Terms
from conservax.point_process._inter_event import InterEventTime
from conservax.point_process._likelihood import SequenceLikelihood
from conservax.point_process._simulate import simulate

__all__ = [
    "Encoder",
    "EventLaw",
    "InterEventTime",
    "SequenceLikelihood",
    "Sequences",
    "simulate",
]

# Classes that a file of a model may name.
IN_FILES = (
    Encoder,
    EventLaw,
    SequenceLikelihood,
)

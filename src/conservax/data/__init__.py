"""Tables in and out: points stamped with times, their units, built-in sets and generators."""

from ._again import read_again as read_again
from ._comcat import read_comcat as read_comcat
from ._deal import Dealt as Dealt
from ._deal import deal as deal
from ._demo import earthquakes as earthquakes
from ._errors import DataError as DataError
from ._events import Events as Events
from ._events import cut as cut
from ._pinwheel import pinwheel_hawkes as pinwheel_hawkes
from ._read import read_events as read_events
from ._read import read_points as read_points
from ._read import read_table as read_table
from ._split import EventSplit as EventSplit
from ._split import Split as Split
from ._split import split as split
from ._split import split_events as split_events
from ._stream import MEMORY_ROWS as MEMORY_ROWS
from ._stream import Stream as Stream
from ._stream import open_table as open_table
from ._table import Table as Table
from ._time import TimeAxis as TimeAxis
from ._trainable import check_trainable as check_trainable
from ._units import Units as Units
from ._write import check_out as check_out
from ._write import check_out_folder as check_out_folder
from ._write import write_table as write_table

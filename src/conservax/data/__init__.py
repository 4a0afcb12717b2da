"""Data: tables of points stamped with times, their readers and writers, built-in sets and generators."""

from conservax.data.read._cells import Cells as Cells
from conservax.data.read._cells import column_index as column_index
from conservax.data.read._cells import dense_array as dense_array
from conservax.data.read._cells_file import StoredCells as StoredCells
from conservax.data.read._comcat import ComCatReader, read_comcat
from conservax.data.read._format import Format
from conservax.data.read._formats import FORMATS
from conservax.data.read._formats import readable_formats as readable_formats
from conservax.data.read._formats import writable_formats as writable_formats
from conservax.data.read._read import read_events, read_table
from conservax.data.read._read import read_points as read_points
from conservax.data.read._read import read_points_beside as read_points_beside
from conservax.data.read._read import read_rows as read_rows
from conservax.data.read._shards import Shards as Shards
from conservax.data.read._shards import shard as shard
from conservax.data.read._stream import MEMORY_ROWS as MEMORY_ROWS
from conservax.data.read._stream import Stream, open_table
from conservax.data.read._windows import WindowReader
from conservax.data.read._write import check_output as check_output
from conservax.data.read._write import check_output_folder as check_output_folder
from conservax.data.read._write import write_table
from conservax.data.sets._demo import earthquakes
from conservax.data.sets._pinwheel import pinwheel_hawkes
from conservax.data.sets._stochastic_systems import lotka_volterra, repressilator
from conservax.data.table._by_time import by_time
from conservax.data.table._errors import DataError
from conservax.data.table._events import Events, cut_into_windows
from conservax.data.table._hold_out import HoldOut
from conservax.data.table._leave_out import leave_out
from conservax.data.table._reader import AbstractReader as AbstractReader
from conservax.data.table._snapshots import MAX_SNAPSHOTS as MAX_SNAPSHOTS
from conservax.data.table._snapshots import are_unequal_snapshots as are_unequal_snapshots
from conservax.data.table._snapshots import snapshot_weights as snapshot_weights
from conservax.data.table._snapshots import snapshots as snapshots
from conservax.data.table._split import EventSplit, Split, split, split_events
from conservax.data.table._table import Table
from conservax.data.table._time import TimeAxis
from conservax.data.table._trainable import check_trainable as check_trainable
from conservax.data.table._units import Units

__all__ = [
    "FORMATS",
    "ComCatReader",
    "DataError",
    "EventSplit",
    "Events",
    "Format",
    "HoldOut",
    "Split",
    "Stream",
    "Table",
    "TimeAxis",
    "Units",
    "WindowReader",
    "by_time",
    "cut_into_windows",
    "earthquakes",
    "leave_out",
    "lotka_volterra",
    "open_table",
    "pinwheel_hawkes",
    "read_comcat",
    "read_events",
    "read_table",
    "repressilator",
    "split",
    "split_events",
    "write_table",
]

# Readers of catalogues, whose columns are known: options of `conservax fit` are made of their fields.
CATALOGUES = {reader.name: reader for reader in (ComCatReader,)}

# Classes that a file of a model may name.
IN_FILES = (
    ComCatReader,
    HoldOut,
    WindowReader,
)

"""Trained laws in the units of their data, as functions of NumPy rows; and their files."""

from conservax.model._base import AbstractModel as AbstractModel
from conservax.model._codec import CodecError
from conservax.model._codec import OwnPart as OwnPart
from conservax.model._codec import decode as decode
from conservax.model._codec import encode as encode
from conservax.model._event_law_in_units import AbstractEventLawInUnits
from conservax.model._file import Stored as Stored
from conservax.model._file import law_of_part as law_of_part
from conservax.model._file import law_part as law_part
from conservax.model._file import load_model as load_model
from conservax.model._file import load_parts as load_parts
from conservax.model._file import pack_parts as pack_parts
from conservax.model._law_in_units import AbstractLawInUnits, ExtrapolationWarning
from conservax.model._over_rows import over_rows as over_rows
from conservax.model._plain import plain as plain
from conservax.model._settings import Outcome, Settings
from conservax.model._settings import StreamSource as StreamSource
from conservax.model._to_law_units import rows_in_units as rows_in_units
from conservax.model._to_law_units import sequences_in_units as sequences_in_units

__all__ = [
    "AbstractEventLawInUnits",
    "AbstractLawInUnits",
    "CodecError",
    "ExtrapolationWarning",
    "Outcome",
    "Settings",
]

"""Pictures and figures of a fitted model: one self-contained HTML page."""

from ._reported import ReportedModel as ReportedModel
from ._scores import Score as Score
from ._scores import held_out_scores as held_out_scores
from ._write import write_report as write_report

"""Pictures and figures of a fitted model: one self-contained HTML page."""

from ._write import write_report as write_report

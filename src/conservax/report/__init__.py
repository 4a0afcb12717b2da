"""Reports of a fitted model: a self-contained HTML page, streamlines, animations."""

from conservax.report._animation import write_animation
from conservax.report._streamlines import write_streamlines
from conservax.report._write import write_report
from conservax.report._write_events import write_event_report

__all__ = [
    "write_animation",
    "write_event_report",
    "write_report",
    "write_streamlines",
]

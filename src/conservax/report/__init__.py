"""Reports of a fitted model: a self-contained HTML page, streamlines, animations."""

from conservax.report._animation import write_animation as write_animation
from conservax.report._streamlines import write_streamlines as write_streamlines
from conservax.report._write import write_report as write_report
from conservax.report._write_events import write_event_report as write_event_report

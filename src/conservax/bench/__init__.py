"""Tables of the papers, regenerated beside the published figures."""

from conservax.bench._event_models import COMPETITORS as COMPETITORS
from conservax.bench._event_models import fit_bumps as fit_bumps
from conservax.bench._event_sets import EVENT_SETS as EVENT_SETS
from conservax.bench._events import EventRow as EventRow
from conservax.bench._events import bench_events as bench_events
from conservax.bench._events import table_of as table_of
from conservax.bench._events import too_good as too_good
from conservax.bench._pictures import draw_fluxes as draw_fluxes

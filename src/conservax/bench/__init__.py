"""Tables of the papers, regenerated beside the published figures."""

from conservax.bench._event_models import BATCH_SIZE as BATCH_SIZE
from conservax.bench._event_models import BUMPS as BUMPS
from conservax.bench._event_models import COMPETITORS as COMPETITORS
from conservax.bench._event_models import FLOW as FLOW
from conservax.bench._event_models import bumps as bumps
from conservax.bench._event_models import fit_bumps as fit_bumps
from conservax.bench._event_sets import EVENT_SETS as EVENT_SETS
from conservax.bench._events import EventRow as EventRow
from conservax.bench._events import bench_events as bench_events
from conservax.bench._events import table_of as table_of
from conservax.bench._events import too_good as too_good
from conservax.bench._fit_flow import EventRows as EventRows
from conservax.bench._fit_flow import event_rows as event_rows
from conservax.bench._fit_flow import fit_flow as fit_flow
from conservax.bench._fit_flow import flow_nll as flow_nll
from conservax.bench._fit_flow import rows_of as rows_of
from conservax.bench._pictures import draw_fluxes as draw_fluxes

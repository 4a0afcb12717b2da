"""The result of `fit_events`: a trained point process, and its report."""

from os import PathLike
from pathlib import Path

import pandas as pd

from conservax.data import Events, check_output
from conservax.model import AbstractEventLawInUnits
from conservax.report import write_event_report
from conservax.scoring import event_score_frame


class EventModel(AbstractEventLawInUnits):
    """A trained point process in the units of its events: when and where the next event comes.

    Windows start from the initial hidden state. Densities of locations are nats per product of the
    units of the columns, those of times per unit of time: a day for timestamps.

    **Attributes:**

    - `law`: the `conservax.point_process.EventLaw`, over windows [0, 1] and standardised locations.
    - `units`: names, the time within a window, mean and standard deviation of every coordinate.
    - `metrics`, `settings`: of training, as of `Model`.
    - `split`: the windows it was trained, validated and tested on; None for a model from a file.
    """

    def scores(self, table: Events | None = None) -> pd.DataFrame:
        """Held-out negative log-likelihood per event of this model and of the baselines.

        Columns: `model`, `detail`, `nll` in nats per event and its parts `nll_times`, `nll_locations_raw`
        (`nll_locations` if standardised), `difference` to this model and its standard `error`. By
        default of the test windows, or else of the validation windows.

        **Raises:** `DataError` if there are no held-out windows and no table.
        """
        return event_score_frame(self, table)

    def report(self, path: str | PathLike[str] = "report.html", *, force: bool = False) -> Path:
        """Write one HTML page about the model, which opens offline."""
        check_output(path, force)
        return write_event_report(self, Path(path))

"""Models of runs, for the commands."""

from pathlib import Path

from conservax.cli._app import BadInput
from conservax.fitting import EventModel, Model, open_run


def open_plain(run: Path) -> Model:
    """Open the model of a run; refuse a point process."""
    model = open_run(run)
    if isinstance(model, EventModel):
        raise BadInput(
            f"{run}: expected a model of rows; got a point process, which "
            "`conservax score`, `sample`, `check` and `report` take."
        )
    return model

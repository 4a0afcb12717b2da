"""Runs as the commands take them."""

from pathlib import Path

from conservax.cli._app import BadInput
from conservax.fitting import EventModel, Model, open_run


def open_plain(run: Path) -> Model:
    """The model of a run, which must be one of rows."""
    model = open_run(run)
    if isinstance(model, EventModel):
        raise BadInput(
            f"{run}: expected a model of rows; got a point process, which "
            "`conservax score`, `sample`, `check` and `report` take."
        )
    return model

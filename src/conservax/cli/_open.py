"""Runs as the commands take them."""

from pathlib import Path

from conservax.cli._app import BadInput
from conservax.fitting import EventModel, Model, open_run


def open_plain(run: Path) -> Model:
    """The model of a run, which must be one without memory."""
    model = open_run(run)
    if isinstance(model, EventModel):
        raise BadInput(
            f"{run}: expected a model without memory; got one fitted with --history, which "
            "`conservax score`, `sample`, `check` and `report` take."
        )
    return model

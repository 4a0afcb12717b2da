"""Data of a fit: a table, a catalogue of earthquakes, or windows of events."""

from collections.abc import Mapping, Sequence
from typing import Any

from conservax.cli._app import BadInput, flags, log
from conservax.cli._options import chosen
from conservax.data import (
    CATALOGUES,
    Events,
    Stream,
    Table,
    cut_into_windows,
    open_table,
    read_events,
)
from conservax.train import Training

NAMES = ("time", "columns", "dims", "sequence")
CUTS = ("sequence", "window", "stride")


def read_requested(params: Mapping[str, Any], training: Training) -> Table | Stream | Events:
    """Read the file of `conservax fit` by its options, and log the notes."""
    rows = _read(params, training)
    for note in rows.notes:
        log(note)
    return rows


def _read(params: Mapping[str, Any], training: Training) -> Table | Stream | Events:
    file, columns = params["file"], params["columns"] or None
    catalogues = [name for name in CATALOGUES if params[name]]
    if catalogues:
        return _from_catalogue(catalogues, params)
    for name, reader in CATALOGUES.items():
        if extra := flags(chosen(reader, params)):
            raise BadInput(f"expected {extra} beside --{name}: add it, or filter the file.")
    if params["stride"] and not params["window"]:
        raise BadInput("expected --window beside --stride; for example: --window 30d --stride 7d")
    if not any(params[name] for name in CUTS):
        options = {name: params[name] for name in ("time", "dims", "degrees")}
        growth = params["prior_growth"]
        return open_table(
            file, columns=columns, growth=growth, memory_rows=training.memory_rows, **options
        )
    if params["dims"] is not None:
        raise BadInput("expected no --dims beside windows: name the columns, as X_pca0 X_pca1.")
    options = {name: params[name] for name in (*CUTS, "degrees")}
    return read_events(file, time=params["time"], columns=columns, **options)


def _from_catalogue(names: Sequence[str], params: Mapping[str, Any]) -> Table | Events:
    """Rows of a catalogue, in windows if requested."""
    if len(names) > 1:
        raise BadInput(f"expected one catalogue; got {flags(names)}. Leave out the others.")
    extra = [f"--{name}" for name in NAMES if params[name]]
    if extra:
        raise BadInput(f"expected --{names[0]}, which knows its columns; drop {', '.join(extra)}.")
    reader = CATALOGUES[names[0]]
    table = reader(**chosen(reader, params)).read(params["file"])
    window = params["window"]
    return table if window is None else cut_into_windows(table, window, stride=params["stride"])

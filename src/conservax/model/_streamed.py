"""Rows of a file that memory need not hold, dealt out for a run and again when it goes on."""

from os import PathLike
from pathlib import Path
from typing import Any

from conservax.data import DataError, Dealt, Stream, deal
from conservax.model._run import Experiment


def deal_out(
    stream: Stream, out: str | PathLike[str] | None, split_by: str, **shares: Any
) -> Dealt:
    """The rows of a stream in blocks on the disk of the run."""
    if split_by != "random":
        raise DataError("expected windows of events to split by time; got a file of rows.")
    return deal(stream, folder=None if out is None else _nearest_folder(Path(out)), **shares)


def how(stream: Stream, validation: float, test: float) -> dict[str, Any]:
    """What `deal_again` needs to know, as plain text and numbers."""
    return {
        "path": str(stream.path.resolve()),
        "time": stream.time_name,
        "columns": list(stream.columns),
        "validation": validation,
        "test": test,
    }


def deal_again(run: Path, experiment: Experiment) -> Dealt | None:
    """The same blocks as before, from the file; None for a run that was not streamed.

    **Raises:** `DataError` if the file is gone or has changed.
    """
    asked = experiment.settings.get("stream")
    if asked is None:
        return None
    stream = Stream.open(Path(asked["path"]), time=asked["time"], columns=asked["columns"])
    dealt = deal(
        stream,
        validation=asked["validation"],
        test=asked["test"],
        seed=experiment.settings["seed"],
        folder=_nearest_folder(run),
    )
    if (dealt.units, len(stream)) != (experiment.units, experiment.settings["rows"]):
        raise DataError(
            f"{stream.source}: expected the rows that {run} was begun with; got others, so that "
            "it cannot go on as it began. Put the old file back, or fit again."
        )
    return dealt


def _nearest_folder(path: Path) -> Path:
    """The folder that is there already, if need be one above."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())

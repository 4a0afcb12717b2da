"""Options of `conservax fit` that must fit together."""

from collections.abc import Mapping, Sequence
from typing import Any

from conservax.cli._app import BadInput, flags


def check_used(chosen: Mapping[str, Any]) -> None:
    """Refuse options that others make meaningless."""
    whole = chosen.keys() & {"sequence", "window", "comcat"}
    if whole and "memory_rows" in chosen:
        raise BadInput(
            f"expected no --memory-rows with {flags(whole)}: windows and catalogues are held in "
            "memory whole. Leave it out."
        )
    if whole and "growth_prior" in chosen:
        raise BadInput(
            f"expected no --growth-prior with {flags(whole)}: it is for the rows of a table. Leave "
            "it out."
        )
    density = chosen.get("density")
    foreign = flags(chosen.keys() & {"width", "depth"})
    if foreign and density in ("bumps", "paths") and not chosen.get("history"):
        raise BadInput(
            f"expected no {foreign} with --density {density}, which has no such network. Leave it "
            f"out; --components sets how many {density} there are."
        )


def read_masses(words: Sequence[str]) -> dict[str, float]:
    """`0=1.0 4=2.7` as sizes of the population by time.

    **Raises:** `BadInput` for words of another form, and for a time that comes twice.
    """
    sizes: dict[str, float] = {}
    for word in words:
        time, _, size = word.rpartition("=")
        try:
            found = float(size)
        except ValueError:
            found = None
        if not time or found is None:
            raise BadInput(
                f"expected --masses as TIME=SIZE, such as --masses 0=1.0 4=2.7; got {word!r}."
            )
        if time in sizes:
            raise BadInput(f"expected one size for each time in --masses; got two for {time!r}.")
        sizes[time] = found
    return sizes

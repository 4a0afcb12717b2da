"""`conservax fit --history`: from windows of events to a model of what comes next."""

from pathlib import Path
from typing import Any

from conservax import fit_events
from conservax.cli._app import BadInput, flags
from conservax.data import Events, Stream, Table
from conservax.fitting import EventModel

FITTING = (
    "steps",
    "validation",
    "test",
    "split_by",
    "components",
    "width",
    "batch_size",
    "learning_rate",
    "noise",
    "members",
    "seed",
    "force",
)
OF_OTHER_FITS = {
    "kinetic",
    "diffusion",
    "reference",
    "growth",
    "growth_prior",
    "masses",
    "density",
    "depth",
    "max_frequency",
    "time_noise",
    "leave_out",
}


def fit_history(events: Table | Stream | Events, out: Path, given: dict[str, Any]) -> EventModel:
    """Fit with the options that were given; the others have defaults of their own."""
    foreign = flags(given.keys() & OF_OTHER_FITS)
    if foreign:
        raise BadInput(
            f"expected options of a model with --history; got {foreign}. Leave these out."
        )
    if not isinstance(events, Events):
        raise BadInput(
            'expected --sequence COLUMN, or --window such as "30d", with --history: memory begins '
            "anew in every window."
        )
    options = {name: given[name] for name in FITTING if name in given}
    return fit_events(events, out=out, **options)


def events_summary(model: EventModel) -> dict[str, Any]:
    """What a fit came to, in figures; NLL in nats an event."""
    figures: dict[str, Any] = {
        "columns": list(model.columns),
        "rows": model.settings["rows"],
        "windows": model.settings["windows"],
        "steps": model.settings["steps"],
        "stopped_early": model.settings["stopped_early"],
        "best_step": model.settings["best_step"],
    }
    assert model.split is not None  # a model that was just fitted has its windows
    for name, part in model.split._asdict().items():
        if len(part):
            found = model.log_likelihood(part)
            spatial = -float(found.spatial.sum()) / len(part)
            figures[f"{name}_rows"] = len(part)
            figures[f"{name}_nll_times"] = -float(found.temporal.sum()) / len(part)
            figures[f"{name}_nll_places"] = spatial - model.units.log_volume
            figures[f"{name}_nll_places_raw"] = spatial
    return figures


def ended(figures: dict[str, Any]) -> str:
    """How training ended, where that was not at its last step."""
    if figures["best_step"] == figures["steps"]:
        return ""
    early = "stopped early; " * figures["stopped_early"]
    return f" ({early}best on the validation rows at step {figures['best_step']}, which is kept)"


def events_words(figures: dict[str, Any]) -> str:
    """The same as text."""
    stop = ended(figures)
    names = ", ".join(figures["columns"])
    lines = [
        f"{figures['rows']} events of {names} in {figures['windows']} windows; "
        f"{figures['steps']} steps{stop}"
    ]
    for name in ("train", "validation", "test"):
        if f"{name}_rows" in figures:
            lines.append(
                f"{name + ' NLL':<15} {figures[f'{name}_nll_times']:8.4f} times, "
                f"{figures[f'{name}_nll_places']:8.4f} places, nats an event, standardised"
                f"   ({figures[f'{name}_rows']} events; places "
                f"{figures[f'{name}_nll_places_raw']:.4f} raw)"
            )
    run = figures["run"]
    lines.append(f"model           {run}/model.conservax")
    lines.append(f"next            conservax sample {run} -n 100 --out simulated.csv")
    return "\n".join(lines)

"""Summary of a fit, as values and as text."""

from typing import Any

import numpy as np

from conservax.fitting import EventModel, Model
from conservax.models import reference_parameters

PARTS = ("train", "validation", "test")


def summary(model: Model | EventModel) -> dict[str, Any]:
    """Summary of a fit; NLL in nats per row or event, standardised and in the units of the table."""
    outcome = model.settings.outcome
    assert outcome is not None  # a model that was just fitted has one
    found: dict[str, Any] = {
        "columns": list(model.columns),
        "rows": model.settings.rows,
        "steps": outcome.steps,
        "stopped_early": outcome.stopped_early,
        "best_step": outcome.best_step,
    }
    if isinstance(model, EventModel):
        return found | {"windows": model.settings.windows} | _event_summary(model)
    learned = reference_parameters(model.reference)
    if learned:
        found["reference"] = learned
    if model.law.grows:
        found["mass"] = float(model.mass(model.units.time.to_column([model.units.time.end]))[0])
    return found | _row_summary(model)


def summary_text(found: dict[str, Any]) -> str:
    """Summary of a fit as text."""
    lines = [_first_line(found)]
    for name in PARTS:
        if f"{name}_rows" in found:
            lines.append(_part_line(name, found))
    if "reference" in found:
        rates = ", ".join(f"{name} {rate:.4g}" for name, rate in found["reference"].items())
        lines.append(f"reference       {rates}")
    if "mass" in found:
        lines.append(f"total mass      {found['mass']:.4g} at the end")
    run = found["run"]
    lines.append(f"model           {run}/model.conservax")
    lines.append(f"next            conservax report {run}    conservax check {run}")
    return "\n".join(lines)


def _row_summary(model: Model) -> dict[str, Any]:
    assert model.split is not None  # a model that was just fitted has its rows
    found: dict[str, Any] = {}
    for name, part in model.split._asdict().items():
        if len(part):
            raw = -float(np.mean(model.log_prob(model.units.time.to_column(part.t), part.x)))
            found[f"{name}_rows"] = len(part)
            found[f"{name}_nll"] = raw - model.units.log_volume
            found[f"{name}_nll_raw"] = raw
    return found


def _event_summary(model: EventModel) -> dict[str, Any]:
    assert model.split is not None  # a model that was just fitted has its windows
    found: dict[str, Any] = {}
    for name, part in model.split._asdict().items():
        if len(part):
            likelihood = model.log_likelihood(part)
            spatial = -float(likelihood.spatial.sum()) / len(part)
            found[f"{name}_rows"] = len(part)
            found[f"{name}_nll_times"] = -float(likelihood.temporal.sum()) / len(part)
            found[f"{name}_nll_locations"] = spatial - model.units.log_volume
            found[f"{name}_nll_locations_raw"] = spatial
    return found


def _first_line(found: dict[str, Any]) -> str:
    names = ", ".join(found["columns"])
    steps = f"{found['steps']} steps{_best_step(found)}"
    if "windows" in found:
        return f"{found['rows']} events of {names} in {found['windows']} windows; {steps}"
    return f"{found['rows']} rows of {names}; {steps}"


def _part_line(name: str, found: dict[str, Any]) -> str:
    head, rows = f"{name + ' NLL':<15}", found[f"{name}_rows"]
    if "windows" in found:
        return (
            f"{head} {found[f'{name}_nll_times']:8.4f} times, "
            f"{found[f'{name}_nll_locations']:8.4f} locations, nats per event, standardised"
            f"   ({rows} events; locations {found[f'{name}_nll_locations_raw']:.4f} raw)"
        )
    return (
        f"{head} {found[f'{name}_nll']:8.4f} nats per row, standardised"
        f"   ({rows} rows; {found[f'{name}_nll_raw']:.4f} raw)"
    )


def _best_step(found: dict[str, Any]) -> str:
    """Note on training that kept another step than the last."""
    if found["best_step"] == found["steps"]:
        return ""
    early = "stopped early; " * found["stopped_early"]
    return f" ({early}best on the validation rows at step {found['best_step']}, which is kept)"

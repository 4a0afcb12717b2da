"""Density against data at four times, and three fluxes of the same density: figure 1 [hua2025]."""

from pathlib import Path

import numpy as np
from jax.tree_util import Partial
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from conservax.data import Table
from conservax.fitting import Model
from conservax.flux import KnotheRosenblatt, NaiveFlux, SigmoidCancellation
from conservax.law import ConservationLaw
from conservax.model import over_rows

TIMES = (0.2, 0.4, 0.6, 0.8)  # of the window
NEAR = 0.05  # of the window: events this near in time are drawn
MOST_EVENTS = 400
SIDE, STRIDE = 120, 10
FLUXES = {
    "flux without\ncancellation": NaiveFlux(),
    "sigmoid\ncancellation": SigmoidCancellation(),
    "Knothe-\nRosenblatt": KnotheRosenblatt(),
}


def draw_fluxes(model: Model, events: Table, path: Path) -> None:
    """Write a PNG: densities with the events near each time, and below them the fluxes.

    All fluxes satisfy the continuity equation with the same density. The one without cancellation
    does not vanish at infinity (Lemma 2).
    """
    low, high = np.quantile(events.x, [0.005, 0.995], axis=0)
    low, high = low - 0.25 * (high - low), high + 0.25 * (high - low)
    axes = [np.linspace(*ends, SIDE) for ends in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1)
    figure = Figure(figsize=(11, 11), layout="constrained")
    panels = figure.subplots(1 + len(FLUXES), len(TIMES), sharex=True, sharey=True)
    span = model.units.time
    for column, moment in enumerate(TIMES):
        t = float(span.to_column(span.from_unit(np.array([moment])))[0])
        density = np.exp(model.log_prob(t, grid.reshape(-1, 2))).reshape(SIDE, SIDE)
        near = events.x[np.abs(model.units.time.to_unit(events.t) - moment) < NEAR][:MOST_EVENTS]
        panels[0, column].pcolormesh(*axes, density**0.5, cmap="magma", rasterized=True)
        panels[0, column].plot(*near.T, ".", color="cyan", markersize=2)
        panels[0, column].set(
            title=f"{span.name} = {t:g}", xlim=(low[0], high[0]), ylim=(low[1], high[1])
        )
    for row, (name, flux) in enumerate(FLUXES.items(), 1):
        law = ConservationLaw(model.law.density, flux)
        fields = [_flux(law, model, moment, grid) for moment in TIMES]
        most = np.quantile(np.linalg.norm(np.stack(fields), axis=-1), 0.995)
        for panel, field in zip(panels[row], fields, strict=True):
            _draw_field(panel, axes, grid, field, float(most))
        panels[row, 0].set_ylabel(f"{name}\n{model.columns[1]}")
    panels[0, 0].set_ylabel(f"density and events\n{model.columns[1]}")
    for panel in panels[-1]:
        panel.set_xlabel(model.columns[0])
    figure.savefig(path, dpi=80)


def _flux(law: ConservationLaw, model: Model, t: float, grid: np.ndarray) -> np.ndarray:
    """j_t on the grid, in standardised units and fractions of the window."""
    z = model.units.standardise(grid.reshape(-1, 2)).astype(np.float32)
    times = np.full(len(z), t, np.float32)
    return over_rows(Partial(ConservationLaw.flux, law), times, z).reshape(*grid.shape)


def _draw_field(panel: Axes, axes, grid: np.ndarray, field: np.ndarray, most: float) -> None:
    size = np.linalg.norm(field, axis=-1)
    panel.pcolormesh(*axes, size, vmin=0, vmax=most, cmap="viridis", rasterized=True)
    few = (slice(STRIDE // 2, None, STRIDE),) * 2
    arrows = field[few] / max(most, 1e-30)
    panel.quiver(
        *np.moveaxis(grid[few], -1, 0),
        *np.moveaxis(arrows, -1, 0),
        color="white",
        scale=SIDE / STRIDE,
        width=0.006,
    )

"""Figures 3 and 4 [richterpowell2022]: fluids on the torus and in the ball, in one benchmark."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.papers import _ball_fluid as ball
from benchmarks.papers import _torus_euler as torus
from benchmarks.papers._drawn import Drawn
from benchmarks.papers._particles import Particles

SLICE = 0.15  # particles no farther from the drawn plane are drawn
TORUS_METRICS = {
    "density": "density against the elements",
    "true density": "density against the series",
    "velocity": "velocity against the elements",
    "true velocity": "velocity against the series",
    "mass change": "change of the mass",
}
COLOURS = {torus.ELEMENTS: "black", torus.OURS: "C0", torus.PINN: "C1", torus.CURL: "C2"}
DASHES = {"": ":", torus.IN_LOSS: "--", torus.HELD: "-"}
PUBLISHED = (
    "Figure 4 of the paper, without numbers: its fluid converges to the reference, its PINN stays away; that "
    "PINN does not obey the equations printed, the one here does. Figure 3: in the ball the density of the "
    "paper moves as it should, that of the curl of a potential does not. The start in the ball "
    "flows through the boundary, which the fluid here cannot."
)


def bench_fluids(
    *, quick: bool = False, seed: int = 0, log: Callable[[str], None] = lambda text: None
) -> Drawn:
    """Relative L2 errors, a row per model and time on the torus, a row per time in the ball."""
    reference = torus.read_reference()
    settings = torus.QUICK if quick else torus.FULL
    fluids, on_torus = torus.compare_on_torus(reference, settings, seed, log)
    fluid, particles, in_ball = ball.advect_in_ball(ball.QUICK if quick else ball.FULL, seed, log)
    frame = pd.DataFrame([*on_torus, *in_ball])
    claims = (*torus.torus_claims(on_torus), *ball.ball_claims(in_ball))

    def draw(path: Path) -> None:
        figure = Figure(figsize=(14, 10), layout="constrained")
        panels = figure.subplots(3, 5)
        _draw_torus(panels[0], reference, fluids)
        _draw_errors(panels[1], frame)
        _draw_ball(panels[2], fluid, particles, in_ball)
        figure.savefig(path, dpi=100)

    return Drawn(frame, claims, PUBLISHED, draw)


def _draw_torus(panels: np.ndarray, reference: torus.Reference, fluids: dict) -> None:
    """Density at the start and at the last time of the reference, side by side."""
    last = torus.TIMES[-1]
    found = {
        name: torus.values_at(fluid, last, reference.nodes)[:, 0] for name, fluid in fluids.items()
    }
    drawn = {
        f"reference, t = {torus.TIMES[0]}": reference.density[0],
        f"reference, t = {last}": reference.density[-1],
        **{f"{name}, t = {last}": density for name, density in found.items()},
    }
    side = round(len(reference.nodes) ** 0.5)
    for panel, (title, density) in zip(panels, drawn.items(), strict=True):
        panel.imshow(
            torus.shown(density).reshape(side, side),
            origin="lower",
            extent=(0, 1, 0, 1),
            vmin=1,
            vmax=5,
        )
        panel.set_title(title, fontsize="small")


def _draw_errors(panels: np.ndarray, frame: pd.DataFrame) -> None:
    """Errors and mass against time, a colour per model, dashed where the loss has the initial condition."""
    for panel, (column, title) in zip(panels, TORUS_METRICS.items(), strict=True):
        for (name, colour), (start, dash) in product(COLOURS.items(), DASHES.items()):
            of_it = frame.query("case == 'torus' and model == @name and start == @start")
            of_it = of_it.dropna(subset=[column])
            if len(of_it):
                label = f"{name}, start {start}" if start else name
                panel.semilogy(of_it["t"], of_it[column], dash, color=colour, label=label)
        panel.set_xlabel("t")
        panel.set_title(f"torus: {title}", fontsize="small")
    panels[1].legend(fontsize="xx-small")


def _draw_ball(
    panels: np.ndarray, fluid: Callable, particles: Particles, lines: list[dict]
) -> None:
    """Density in the plane of the first two coordinates, and particles near it as they began."""
    axis = np.linspace(-1, 1, 80)
    plane = np.stack([*np.meshgrid(axis, axis), np.zeros((80, 80))], axis=-1)
    inside = np.sum(plane**2, axis=-1) <= 1
    density_at = jax.jit(
        lambda t: jax.lax.map(
            lambda x: fluid(t, x)[0], jnp.asarray(plane.reshape(-1, 3)), batch_size=2048
        )
    )
    for n, (panel, t) in enumerate(zip(panels, ball.TIMES, strict=True)):
        density = np.where(inside, np.asarray(density_at(jnp.asarray(t))).reshape(80, 80), np.nan)
        _draw_plane(panel, density, particles.x[:, n], particles.density[:, 0])
        panel.set_title(f"ball, t = {t}: off by {lines[n]['density']:.1%}", fontsize="small")


def _draw_plane(panel: Axes, density: np.ndarray, x: np.ndarray, advected: np.ndarray) -> None:
    near = np.abs(x[:, 2]) < SLICE
    panel.imshow(density, origin="lower", extent=(-1, 1, -1, 1), vmin=0.5, vmax=1.5)
    panel.scatter(
        *x[near, :2].T,
        c=advected[near],
        vmin=0.5,
        vmax=1.5,
        s=12,
        edgecolors="black",
        linewidths=0.3,
    )

"""Fit earthquakes around Indonesia, and draw density and velocity at four times.

python examples/earthquakes.py [picture.png]
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import conservax
from conservax.data import earthquakes

table = earthquakes()
model = conservax.fit(table, test=0.25)

# A grid over the domain, in degrees, and four days.
days = ["2024-04-15", "2024-05-15", "2024-06-15", "2024-07-15"]
lon, lat = (np.linspace(*np.quantile(column, [0, 1]), 120) for column in table.x.T)
grid = np.stack(np.meshgrid(lon, lat), axis=-1)

figure = Figure(figsize=(13, 3.6), layout="constrained")
for axes, day in zip(figure.subplots(1, 4, sharey=True), days, strict=True):
    density = np.exp(model.log_prob(day, grid.reshape(-1, 2))).reshape(grid.shape[:2])
    axes.pcolormesh(lon, lat, np.sqrt(density), cmap="magma", rasterized=True)

    # Arrows, 30 days long, where there is somebody to move, fading with the density.
    coarse = grid[4::9, 4::9].reshape(-1, 2)
    velocity = model.velocity(day, coarse)
    weight = np.sqrt(np.exp(model.log_prob(day, coarse)) / density.max())
    white = np.ones((len(coarse), 4))
    white[:, 3] = np.clip(3 * weight - 0.5, 0, 1)
    axes.quiver(
        *coarse.T,
        *(30 * velocity).T,
        color=white,
        width=0.005,
        angles="xy",
        scale_units="xy",
        scale=1,
    )

    near = np.abs(table.t - model.units.time.parse(day)) < 7 * 86400
    axes.plot(*table.x[near].T, ".", color="cyan", markersize=3)
    axes.set(title=day, xlabel="longitude", xlim=lon[[0, -1]], ylim=lat[[0, -1]])
figure.axes[0].set_ylabel("latitude")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "earthquakes.png", dpi=110)

"""From a catalogue of earthquakes to a map with a slider through time, and figures at your points.

    python examples/earthquakes.py                                  # 596 events that come along
    python examples/earthquakes.py query.csv --min-magnitude 4.5    # your own

query.csv is what https://earthquake.usgs.gov/fdsnws/event/1/query?format=csv gives for your dates
and box; several files are one catalogue. Written are `map.html`, which opens anywhere, and
`density.png`. With `pip install "conservax[map]"` both show coasts and borders.

The record is fitted as it is, over the calendar, because a map is asked "where, in March?": swarms
and aftershocks come and go on the slider. To compare with point processes, which predict the next
month from the last, cut it into windows instead: `conservax.data.cut(table, "30d", stride="7d")`.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

import conservax
from coastlines import coastlines
from conservax.data import earthquakes, read_comcat

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("catalogue", nargs="*", help="CSV files from ComCat")
parser.add_argument("--min-magnitude", type=float, help="from which on the catalogue is complete")
parser.add_argument("--model", default="autoregressive", help="or kernel-mixture: compare the maps")
parser.add_argument("--out", type=Path, default=Path("earthquakes"), help="folder to write to")
parser.add_argument("--steps", type=int, default=2000, help="training steps at most")
asked = parser.parse_args()

# ---- read, fit, and write the map

if asked.catalogue:
    table = read_comcat(*asked.catalogue, min_magnitude=asked.min_magnitude)
else:
    table = earthquakes()
print(table, *table.notes, sep="\n")
model = conservax.fit(
    table,
    model=asked.model,
    training=conservax.Training(steps=asked.steps),
    holdout=conservax.HoldOut(test=0.2),
)
coasts = coastlines()
asked.out.mkdir(parents=True, exist_ok=True)
print("map:", model.report(asked.out / "map.html", lines=coasts, force=True))

# ---- the density at your own points

day = np.datetime64(int(np.median(table.t)), "s")  # or "2024-06-01"
points = table.x[-3:]  # yours: rows of longitude and latitude
log_prob = model.log_prob(day, points)  # nats
density = np.exp(log_prob)  # of the events at that time, per square degree: integrates to one
month = np.abs(table.t - day.astype(float)) < 15 * 86400
per_day = month.sum() / 30  # the model says where; how many, a count says
print(f"{day}, {per_day:.1f} events a day")
for (lon, lat), nats, rho in zip(points, log_prob, density, strict=True):
    print(
        f"longitude {lon:.2f}, latitude {lat:.2f}: {nats:.2f} nats, {rho:.3f} per square degree, "
        f"{per_day * rho:.3f} events per square degree and day"
    )
# A square degree has 111.2**2 * cos(latitude) square kilometres.

# ---- the density on a grid, and the regions that hold 50 and 90 % of the events

low, high = table.x.min(0) - 1, table.x.max(0) + 1
lon, lat = np.linspace(low, high, 160).T
grid = np.stack(np.meshgrid(lon, lat), axis=-1)
cell = (lon[1] - lon[0]) * (lat[1] - lat[0])

axis = model.units.time
days = axis.from_unit([0.1, 0.5, 0.9])
shape = (high - low)[1] / (high - low)[0] / np.cos(np.radians(lat.mean()))  # height by width
figure = Figure(figsize=(13, 13 / 3 * shape + 1), layout="constrained")
for axes, at in zip(figure.subplots(1, 3, sharey=True), days, strict=True):
    rho = np.exp(model.log_prob(axis.to_column(at), grid.reshape(-1, 2))).reshape(grid.shape[:2])
    axes.pcolormesh(lon, lat, np.sqrt(rho), cmap="magma", rasterized=True)

    # The smallest region that holds a share of the mass is where the density is above a level.
    densest = np.sort(rho, axis=None)[::-1]
    held = np.cumsum(densest) * cell
    levels = [densest[np.searchsorted(held, share * held[-1])] for share in (0.9, 0.5)]
    axes.contour(lon, lat, rho, levels, colors="white", linewidths=[0.7, 1.4])

    axes.add_collection(LineCollection(coasts, colors="#d5dbe6", linewidths=0.6, alpha=0.6))
    near = np.abs(table.t - at) < 0.025 * (axis.end - axis.start)
    axes.plot(*table.x[near].T, ".", color="#5fe3d0", markeredgecolor="#06231f", markersize=7)
    axes.set(title=str(axis.to_column(at))[:10], xlim=lon[[0, -1]], ylim=lat[[0, -1]])
    axes.set_aspect(1 / np.cos(np.radians(lat.mean())))
    axes.xaxis.set_major_formatter("{x:g}°")
    axes.yaxis.set_major_formatter("{x:g}°")
    axes.set_xlabel("longitude")
figure.axes[0].set_ylabel("latitude")
figure.savefig(asked.out / "density.png", dpi=90, bbox_inches="tight")
print("picture:", asked.out / "density.png")

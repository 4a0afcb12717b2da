"""Earthquakes of ComCat, the catalogue of the US Geological Survey, in its CSV form."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from conservax.data.read._formats import read_file
from conservax.data.read._read import Source, read_table
from conservax.data.read._sources import Columns
from conservax.data.table._errors import DataError
from conservax.data.table._reader import AbstractReader
from conservax.data.table._table import Table
from conservax.data.table._units import Units
from conservax.data.table._values import numbers, seconds

_NEEDED = ("time", "latitude", "longitude", "mag", "id", "updated", "type")

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ComCatReader(AbstractReader):
    """CSV of ComCat, the USGS catalogue of earthquakes. The options are those of `read_comcat`.

    **Attributes:**

    - `min_magnitude`: leave smaller earthquakes out.
    - `box`: see `read_comcat`.
    """

    min_magnitude: float | None = None
    box: Box | None = None

    name: ClassVar[str] = "comcat"

    def read(self, source: Source, schema: Units | None = None) -> Table:
        """Earthquakes of another file; rows of data frames and arrays as they are."""
        if isinstance(source, str | Path):
            return read_comcat(source, min_magnitude=self.min_magnitude, box=self.box)
        return read_table(source, schema=schema)


def read_comcat(
    *paths: str | Path, min_magnitude: float | None = None, box: Box | None = None
) -> Table:
    """Read earthquakes of the USGS catalogue, in time order.

    **Arguments:**

    - `paths`: `.csv` or `.csv.gz` files as https://earthquake.usgs.gov/fdsnws/event/1/query gives
      them with `format=csv`. One answer holds at most 20 000 events: name the files of several.
    - `min_magnitude`: leaves out smaller events, and those without a magnitude. Below the magnitude
      from which on the catalogue is complete, a model learns where the stations are.
    - `box`: (lon_min, lon_max, lat_min, lat_max), edges included. Across the date line lon_max goes
      on past 180, as in (165, 210, -30, 0), and so do the longitudes of the table.

    **Returns:** a table of `longitude` and `latitude` in degrees, the names of the catalogue; times
    are UTC. Only events of type "earthquake" are kept; of rows with one id, the one updated last.
    The notes count what was left out. A model of the table reads other files in the same way.

    **Raises:** `DataError` for a file that is not from ComCat, naming the file, the column and the
    row; for degrees out of range; if no earthquake is left.
    """
    if not paths:
        raise DataError("expected the path of a ComCat file; got none.")
    most = 180.0 if box is None else _reach(box)
    frame = pd.concat([_events(Path(path).expanduser(), most) for path in paths], ignore_index=True)
    source, rows, notes = ", ".join(dict.fromkeys(map(str, paths))), len(frame), list[str]()

    def keep(frame: pd.DataFrame, kept: Any, why: str) -> pd.DataFrame:
        if left_out := int((~kept).sum()):
            notes.append(f"{left_out} of {rows} rows left out: {why}")
        return frame.loc[kept]

    frame = frame.sort_values("updated", kind="stable")
    frame = keep(frame, ~frame["id"].duplicated(keep="last"), "listed again, updated later")
    kinds = Counter(frame["type"]).most_common()
    others = ", ".join(f"{count} {kind}" for kind, count in kinds if kind != "earthquake")
    frame = keep(frame, frame["type"] == "earthquake", f"no earthquakes ({others})")
    if min_magnitude is not None:
        why = f"magnitude below {min_magnitude:g}, or none given"
        frame = keep(frame, frame["mag"] >= min_magnitude, why)
    if box is not None:
        if most > 180:
            east_of_line = frame["longitude"] < box[0]
            frame = frame.assign(longitude=frame["longitude"] + 360 * east_of_line)
            notes.append(f"longitudes run from {box[0]:g} to {box[1]:g}, across the date line")
        inside = frame["longitude"].between(*box[:2]) & frame["latitude"].between(*box[2:])
        frame = keep(frame, inside, "outside the box")
    if frame.empty:
        raise DataError(
            f"{source}: expected earthquakes; got none ({'; '.join(notes)}). "
            "Ask for smaller magnitudes or a larger box, or download more."
        )
    frame = frame.sort_values("time", kind="stable")
    columns = ("longitude", "latitude")
    x = frame[list(columns)].to_numpy()
    edges = None
    if box is not None:
        edges = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
    reader = ComCatReader(None if min_magnitude is None else float(min_magnitude), edges)
    t = frame["time"].to_numpy()
    return Table(t, x, columns, "time", "timestamp", source, tuple(notes), reader)


def _reach(box: Box) -> float:
    """The largest longitude that a file may hold: more than 180 for a box across the date line."""
    west, east, south, north = box
    if not (-180 <= west < east <= west + 360 and -90 <= south < north <= 90):
        raise DataError(
            f"expected a box (lon_min, lon_max, lat_min, lat_max) in degrees; got {box}. "
            "Across the date line add 360 to lon_max: (165, 210, -30, 0)."
        )
    return 180.0 if east <= 180 else 360.0


def _events(path: Path, most: float) -> pd.DataFrame:
    """All rows of one file, of whatever type, in the order of the file."""
    raw = read_file(path)
    _check_columns(raw)
    held = raw.held
    if not len(held["id"]):
        raise DataError(f"{path}: expected rows of data; got none. Download with a wider search.")
    unnamed = np.flatnonzero(held["id"].isna())
    if unnamed.size:
        raise DataError(
            f"{raw.where('id')}, row {held['id'].index[unnamed[0]]}: expected the id of an event; "
            "got nothing. Download the file again."
        )
    return pd.DataFrame(
        {
            "time": seconds(held["time"], raw.where("time"))[0],
            "longitude": _degrees(raw, "longitude", most),
            "latitude": _degrees(raw, "latitude", 90.0),
            "mag": _where_known(held["mag"], raw.where("mag")),
            "id": held["id"].to_numpy(object),
            "updated": held["updated"].fillna("").to_numpy(object),  # ISO 8601: sorts as text
            "type": held["type"].fillna("of no type").to_numpy(object),
        }
    )


def _check_columns(raw: Columns) -> None:
    missing = [name for name in _NEEDED if name not in raw.held]
    if missing:
        raise DataError(
            f"{raw.source}: expected a CSV file from ComCat; got one without the columns {missing}, "
            f"with {list(raw.held)}. Download it with format=csv, or read it with read_table."
        )


def _degrees(raw: Columns, name: str, most: float) -> np.ndarray:
    values = numbers(raw.held[name], raw.where(name))
    outside = np.flatnonzero(np.abs(values) > most)
    if outside.size:
        remedy = (
            "Correct the row."
            if name == "latitude"
            else "Subtract 360 from longitudes above 180, or give a box across the date line."
        )
        raise DataError(
            f"{raw.where(name)}, row {raw.held[name].index[outside[0]]}: expected degrees from "
            f"{-most:g} to {most:g}; got {values[outside[0]]:g}. {remedy}"
        )
    return values


def _where_known(column: pd.Series, where: str) -> np.ndarray:
    """Numbers, NaN in empty cells."""
    known = column.dropna()
    values = pd.Series(numbers(known, where), known.index)
    return values.reindex(column.index).to_numpy()

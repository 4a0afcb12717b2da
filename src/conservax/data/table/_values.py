"""One column of a table to float64: numbers as they are, timestamps as seconds since 1970 in UTC.

A column is a `pandas.Series` whose index holds the row numbers that errors name.
"""

import datetime
import re
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int
from pandas.api import types

from conservax.data.table._advice import (
    about_dates,
    about_labels,
    about_marks,
    is_marked,
    may_be_date,
)
from conservax.data.table._errors import DataError
from conservax.data.table._types import TimeKind, Times

_OFFSET = re.compile(r"[T ]\S*?(Z|[+-]\d{2}(?::?\d{2})?)$")
_DATE = re.compile(r"\d\s*[-/.:]\s*\w+\s*[-/.:]\s*\d|^\d{1,2}:\d{2}\b|^(now|today)$")
_MOST_LABELS = 100
STAMP = "a timestamp in ISO 8601 such as 2024-04-01 or 2024-04-01T12:30:00Z"


def as_column(values: Any) -> pd.Series:
    """Values of any shape as one column, its rows numbered from 1."""
    if isinstance(values, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        column = pd.Series(values)
    elif hasattr(values, "__array__"):
        # A masked value stays missing: as a plain array it would show what lies under the mask.
        array = np.asanyarray(values).reshape(-1)
        column = pd.Series(array if array.dtype.names is None else array.astype(object))
    else:
        # By way of Python objects: NumPy alone would turn [1, "a"] into text.
        column = pd.Series(np.array(values, dtype=object).reshape(-1)).infer_objects()
    return column.set_axis(pd.RangeIndex(1, len(column) + 1))


def may_be_coordinate(column: pd.Series) -> bool:
    """Whether a column holds numbers, be it beside some text that `numbers` will then refuse."""
    if _is_plain_number(column):
        return True
    return _is_text(column) and any(not np.isnan(_number(value)) for value in column)


def uncategorised(column: pd.Series) -> pd.Series:
    """Labels of a categorical column, such as the snapshots of cells, as plain values."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(object).infer_objects()
    return column


def time_kind(column: pd.Series, where: str) -> TimeKind:
    """Whether a time column holds numbers or timestamps.

    **Raises:** `DataError` if it holds both, or neither (durations, periods, booleans).
    """
    if _is_plain_number(column):
        return "number"
    if types.is_datetime64_any_dtype(column.dtype):
        return "timestamp"
    if not _is_text(column):
        raise DataError(
            f"{where}: expected numbers or timestamps; got {column.dtype}. "
            "Turn it into numbers in a unit of your choice, or into timestamps."
        )
    held: Any = column.dropna()
    numeric = ~np.isnan(_as_numbers(held))
    _refuse_marks(held[~numeric], where)
    if numeric.any() and not numeric.all():
        _refuse_mixture(held, numeric, where)
    if not numeric.any():
        _refuse_labels(held, where)
    return "number" if numeric.all() else "timestamp"


def numbers(column: pd.Series, where: str) -> Times:
    """A column of finite numbers, shape `(rows,)`; text is read where it spells a number.

    **Raises:** `DataError` at the first value that is empty, infinite or not a number; for a column of
    another type (boolean, category, timestamps) as a whole.
    """
    if not (_is_plain_number(column) or _is_text(column)):
        raise DataError(
            f"{where}: expected numbers; got {column.dtype}. {_number_remedy(column)} "
            "or leave the column out."
        )
    values = _as_numbers(column)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        got = column.iloc[bad[0]]
        if is_marked(got):
            remedy = about_marks(column)
        elif bad.size < len(column) / 2:
            remedy = "Correct the value, remove the row, or leave the column out."
        else:
            remedy = "Leave the column out, or convert it to numbers."
        raise DataError(
            f"{where}, row {column.index[bad[0]]}: expected a finite number; got {_shown(got)}. "
            + remedy
        )
    return values


def outliers(values: Times) -> Int[np.ndarray, " found"]:
    """Outliers: rows a thousand times farther from the median than 99 in 100 values are, farthest first."""
    with np.errstate(over="ignore"):  # what is farther away than numbers go is far enough
        away = np.abs(values - np.median(values))
        usual = np.quantile(away, 0.99, method="lower")
        found = np.flatnonzero((away > 1000 * usual) & (usual > 0))
    return found[np.argsort(-away[found], kind="stable")]


def seconds(column: pd.Series, where: str) -> tuple[Times, tuple[str, ...]]:
    """A column of timestamps in seconds since 1970-01-01 UTC, and notes on time zones.

    A time without a zone is taken as UTC. float64 keeps about a microsecond in this century.

    **Raises:** `DataError` at the first value that is empty or not a timestamp.
    """
    stamps = column
    if not types.is_datetime64_any_dtype(column.dtype):
        stamps = column.where(column.map(_may_be_stamp).astype(bool), None)
    utc = pd.to_datetime(stamps, utc=True, format="ISO8601", errors="coerce")
    bad = np.flatnonzero(utc.isna())
    if bad.size:
        got = column.iloc[bad[0]]
        raise DataError(
            f"{where}, row {column.index[bad[0]]}: expected {STAMP}; got {_shown(got)}. "
            + (
                _remedy_of_odd(got, "a number")
                if bad.size < len(column) / 2
                else about_dates(column)
            )
        )
    micro = utc.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
    return micro / 1e6, _zone_notes(column)


def _is_plain_number(column: pd.Series) -> bool:
    dtype = column.dtype
    other = types.is_bool_dtype(dtype) or types.is_complex_dtype(dtype)
    return types.is_numeric_dtype(dtype) and not other


def _is_text(column: pd.Series) -> bool:
    """Text, or Python objects whose type has to be looked at one by one."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return False
    return types.is_object_dtype(column.dtype) or types.is_string_dtype(column.dtype)


def _as_numbers(column: pd.Series) -> Times:
    """The numbers of a column, NaN where a value is not a number."""
    if _is_plain_number(column):
        return column.to_numpy(np.float64, na_value=np.nan)
    return np.array([_number(value) for value in column.to_numpy(object)], np.float64)


def _number(value: object) -> float:
    # Booleans and durations count as numbers in Python; as data they are a mistake.
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, str | Real | Decimal):
        return np.nan
    if isinstance(value, str) and "_" in value:  # 1_000 is Python's own spelling
        return np.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return np.nan


def _may_be_stamp(value: object) -> bool:
    if isinstance(value, str):
        # pandas also reads "now" and bare numbers; a table must not change its meaning by that.
        return value.strip()[:1].isdigit() and np.isnan(_number(value))
    return isinstance(value, datetime.date | np.datetime64)


def _refuse_mixture(held: pd.Series, numeric: np.ndarray, where: str) -> None:
    """Refuse a column of numbers and timestamps, at a value of the rarer kind."""
    if numeric.mean() >= 0.5:
        odd, expected = int(np.argmin(numeric)), "a number"
    else:
        odd, expected = int(np.argmax(numeric)), STAMP
    raise DataError(
        f"{where}, row {held.index[odd]}: expected {expected}, like most of the column; "
        f"got {_shown(held.iloc[odd])}. {_remedy_of_odd(held.iloc[odd], expected)}"
    )


def _remedy_of_odd(value: object, expected: str) -> str:
    """Remedy for a time unlike the others: only where it may be one is there a choice."""
    if isinstance(value, str) and value.lstrip().startswith(("#", "%", "//")):
        return "It may be a comment: remove the row."
    if expected == "a number" and not _may_be_stamp(value):
        return "Correct the value or remove the row."
    return "Write all times as numbers or all as timestamps."


def _refuse_marks(strange: pd.Series, where: str) -> None:
    """Distinguish numbers with commas or spaces in them from labels, and from times of another kind."""
    if len(strange) and all(is_marked(value) for value in strange):
        raise DataError(
            f"{where}, row {strange.index[0]}: expected a number; got {_shown(strange.iloc[0])}. "
            + about_marks(strange)
        )


def _refuse_labels(held: pd.Series, where: str) -> None:
    """Distinguish names of snapshots, such as "Day 00-03" or "E7.5", from timestamps."""
    texts = held.to_numpy(object)
    if not all(isinstance(text, str) for text in texts):
        return
    labels = list(dict.fromkeys(texts))
    stamps = pd.to_datetime(pd.Series(labels), utc=True, format="ISO8601", errors="coerce")
    dated = any(_DATE.search(label) or may_be_date(label) for label in labels)
    if not 0 < len(labels) <= _MOST_LABELS or dated or stamps.notna().any():
        return
    raise DataError(
        f"{where}: expected numbers or timestamps; got labels such as {labels[0]!r}. "
        + about_labels(labels)
    )


def _number_remedy(column: pd.Series) -> str:
    if types.is_bool_dtype(column.dtype):
        return "A density needs continuous coordinates: convert to 0 and 1 only if that is meant,"
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "Replace the categories by measured numbers"
    if types.is_datetime64_any_dtype(column.dtype):
        return "Name it as the time,"
    return "Convert it to numbers"


def _shown(value: object) -> str:
    missing = pd.isna(value)
    if isinstance(missing, bool | np.bool_) and missing:
        return "nothing (an empty cell or NaN)"
    return repr(value.item() if isinstance(value, np.generic) else value)


def _zone_notes(column: pd.Series) -> tuple[str, ...]:
    zones = _zones(column)
    converted = sorted(zones - {"", "UTC"})
    if not converted:
        return ()
    # Worth a note only beside others: a column without any zone is read the usual way.
    notes = (f"time zone{'s' * (len(converted) > 1)} {', '.join(converted)} converted to UTC",)
    if "" in zones:
        notes += ("times without a zone taken as UTC",)
    return notes


def _zones(column: pd.Series) -> set[str]:
    """Names of the time zones in a column: '' for none, 'UTC' for every spelling of it."""
    if not types.is_datetime64_any_dtype(column.dtype):
        return {_zone(value) for value in column.to_numpy(object)}
    # A PyArrow column keeps its zone one level down; its dates have none.
    zone = getattr(getattr(column.dtype, "pyarrow_dtype", column.dtype), "tz", None)
    return {"" if zone is None else "UTC" if str(zone) in ("UTC", "Etc/UTC") else str(zone)}


def _zone(value: object) -> str:
    if isinstance(value, str):
        found = _OFFSET.search(value.strip())
        offset = found.group(1) if found else ""
    else:
        offset = value.strftime("%z") if isinstance(value, datetime.datetime) else ""
    digits = offset.replace(":", "").ljust(5, "0")
    if not offset:
        return ""
    return "UTC" if offset == "Z" or digits[1:] == "0000" else f"{digits[:3]}:{digits[3:]}"

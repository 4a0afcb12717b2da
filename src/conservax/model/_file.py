"""One safe file a model: a safetensors file with the description in its header."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from conservax.data import DataError, Units
from conservax.model._codec import CodecError, decode, encode
from conservax.train import write_atomically

_FORMAT = "conservax-model-1"


class Stored(NamedTuple):
    """What the file of a model holds."""

    law: Any
    units: Units
    settings: dict[str, Any]
    history: pd.DataFrame


def save_model(
    path: Path, law: Any, units: Units, settings: dict[str, Any], history: pd.DataFrame
) -> None:
    """Write a model file, in place of what is there."""
    columns = {name: [_plain(v) for v in values.tolist()] for name, values in history.items()}
    about = {"units": units.to_json(), "settings": settings, "history": columns}
    save_parts(path, {"law": law, "about": about})


def load_model(path: Path) -> Stored:
    """What `save_model` wrote.

    **Raises:** `DataError` if the file is missing, truncated, foreign or of another version.
    """
    parts = load_parts(path)
    if parts.keys() != {"law", "about"}:
        raise DataError(f"{path}: expected a model; got a file of {sorted(parts)}.")
    about = parts["about"]
    try:
        units, settings = Units.from_json(about["units"]), about["settings"]
        return Stored(parts["law"], units, settings, pd.DataFrame(about["history"]))
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged; {error} is missing. Fit the model again.") from error


def _plain(value: Any) -> Any:
    """NaN has no place in JSON."""
    return None if isinstance(value, float) and np.isnan(value) else value


def save_parts(path: Path, parts: dict[str, Any]) -> None:
    """Write trees of conservax parts and plain JSON to one file, in one move.

    **Raises:** `CodecError`, before anything is touched, if a part cannot be written down.
    """
    write_atomically(path, pack_parts(parts))


def pack_parts(parts: dict[str, Any]) -> bytes:
    """The content of the file that `save_parts` writes."""
    described, arrays = {}, {}
    for name, part in parts.items():
        description, own = encode(part) if not isinstance(part, dict) else ({"json": part}, {})
        described[name] = description
        arrays |= {f"{name}/{key}": value for key, value in own.items()}
    arrays = {key: np.ascontiguousarray(value) for key, value in arrays.items()}
    header = {
        "format": _FORMAT,
        "conservax": version("conservax"),
        "parts": json.dumps(described, allow_nan=False),
    }
    return save(arrays, header)


def load_parts(path: Path) -> dict[str, Any]:
    """What `save_parts` wrote.

    **Raises:** `DataError` if the file is missing, truncated, foreign or of another version.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such model file. Give the file that `save` or `fit` wrote.")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise DataError(
            f"{path}: truncated, or not a model file ({error}). Save or fit the model again."
        ) from error
    if header.get("format") != _FORMAT:
        raise DataError(
            f"{path}: expected a file of format {_FORMAT}; got {header.get('format')}. "
            "It was not written by this version of conservax."
        )
    try:
        return {
            name: _decode_part(name, description, arrays)
            for name, description in json.loads(header["parts"]).items()
        }
    except (CodecError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: not a model of this version ({error}).") from error


def _decode_part(name: str, description: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(description, dict) and "json" in description:
        return description["json"]
    prefix = f"{name}/"
    own = {key.removeprefix(prefix): v for key, v in arrays.items() if key.startswith(prefix)}
    return decode(description, own)

"""One safe file a model: safetensors with the description in their header, and a checksum at the end."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from safetensors.numpy import load, save

from conservax.data import DataError, Units
from conservax.model._codec import CodecError, decode, encode
from conservax.train import SealError, read_sealed, write_sealed

_FORMAT = "conservax-model-2"
_WITHOUT_CHECKSUM = b'"conservax-model-1"'


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

    **Raises:** `DataError` if the file is missing, damaged, foreign or of another version.
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
    write_sealed(path, pack_parts(parts))


def pack_parts(parts: dict[str, Any]) -> bytes:
    """The content of the file that `save_parts` writes, but for its checksum."""
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

    **Raises:** `DataError` if the file is missing, damaged, foreign or of another version.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such model file. Give the file that `save` or `fit` wrote.")
    try:
        content = read_sealed(path)
    except (SealError, OSError) as error:
        raise DataError(f"{path}: {_reason(path, error)}") from error
    header, arrays = _header(content), load(content)
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


def _reason(path: Path, error: Exception) -> str:
    """Why a file cannot be read, and what to do."""
    if isinstance(error, SealError) and _WITHOUT_CHECKSUM in path.read_bytes():
        return (
            "written by an earlier version of conservax, without a checksum. Fit the model again."
        )
    return f"damaged, or not a model file ({error}). Take another copy, or fit the model again."


def _header(content: bytes) -> dict[str, str]:
    """What is written beside the arrays: JSON, after its length in eight bytes."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]).get("__metadata__", {})


def _decode_part(name: str, description: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(description, dict) and "json" in description:
        return description["json"]
    prefix = f"{name}/"
    own = {key.removeprefix(prefix): v for key, v in arrays.items() if key.startswith(prefix)}
    return decode(description, own)

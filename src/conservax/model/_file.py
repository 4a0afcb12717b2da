"""One safe file per model: safetensors with the description in their header, and a checksum at the end."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
import pandas as pd
from safetensors.numpy import load, save

from conservax._files import SealError, read_sealed, write_sealed
from conservax.data import DataError, Units
from conservax.model._codec import CodecError, decode, encode
from conservax.model._settings import Settings
from conservax.reference import WithReference

_FORMAT = "conservax-model-3"
_WITHOUT_CHECKSUM = b'"conservax-model-1"'


class Stored(NamedTuple):
    """Contents of the file of a model."""

    law: Any
    units: Units
    settings: Settings
    metrics: pd.DataFrame
    reference: Any = None


def save_model(path: Path, stored: Stored) -> None:
    """Write a model file, in place of an existing one.

    A law that has parts of the user's own is written as its leaves alone; see `load_model`.
    """
    columns = {
        name: [_plain(v) for v in values.tolist()] for name, values in stored.metrics.items()
    }
    about = {"units": stored.units.to_json(), "metrics": columns}
    save_parts(
        path,
        {
            "law": law_part(stored.law, stored.reference),
            "settings": stored.settings,
            "about": about,
        },
    )


def load_model(path: Path, like: Any = None) -> Stored:
    """Load what `save_model` wrote.

    **Arguments:**

    - `like`: a law of the same structure, for a file that holds the leaves of a law alone.

    **Raises:** `DataError` if the file is missing, damaged, foreign or of another version, or if
    `like` is missing or of another structure.
    """
    parts = load_parts(path)
    if parts.keys() != {"law", "settings", "about"}:
        raise DataError(f"{path}: expected a model; got a file of {sorted(parts)}.")
    about, trained = parts["about"], law_of_part(path, parts["law"], like)
    law, reference = trained, None
    if isinstance(trained, WithReference):
        law, reference = trained.law, trained.reference
    try:
        units = Units.from_json(about["units"])
        metrics = pd.DataFrame(about["metrics"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged; {error} is missing. Fit the model again.") from error
    return Stored(law, units, parts["settings"], metrics, reference)


class Leaves(NamedTuple):
    """The arrays of a law with parts of the user's own, in the order of its tree."""

    arrays: tuple[Any, ...]


def law_part(law: Any, reference: Any) -> Any:
    """Part of a file for a law: all of it, or its leaves where it has parts of the user's own."""
    trained = law if reference is None else WithReference(law, reference)
    try:
        encode(trained)
    except CodecError:
        return Leaves(tuple(jax.tree.leaves(eqx.filter(trained, eqx.is_array))))
    return trained


def law_of_part(path: Path, part: Any, like: Any) -> Any:
    """Law of a part of a file; with the stored leaves in place of those of `like`."""
    if not isinstance(part, Leaves):
        return part
    if like is None:
        raise DataError(
            f"{path}: a law with parts of your own, of which the file holds the numbers alone. Give "
            "a law built in the same way: load(path, like=law)."
        )
    arrays, rest = eqx.partition(like, eqx.is_array)
    leaves, tree = jax.tree.flatten(arrays)
    shapes = [(leaf.shape, leaf.dtype) for leaf in leaves]
    found = [(leaf.shape, leaf.dtype) for leaf in part.arrays]
    if shapes != found:
        raise DataError(
            f"{path}: expected a law with {len(found)} arrays of the shapes that were stored; got "
            f"one with {len(shapes)} that differ. Build it as the one that was saved."
        )
    return eqx.combine(jax.tree.unflatten(tree, part.arrays), rest)


def _plain(value: Any) -> Any:
    """Value as JSON holds it: None for NaN."""
    return None if isinstance(value, float) and np.isnan(value) else value


def save_parts(path: Path, parts: dict[str, Any]) -> None:
    """Write trees of conservax parts and plain JSON to one file, in one move.

    **Raises:** `CodecError`, before anything is touched, if a part cannot be written down.
    """
    write_sealed(path, pack_parts(parts))


def pack_parts(parts: dict[str, Any]) -> bytes:
    """Content of the file that `save_parts` writes, without its checksum."""
    described, arrays = {}, {}
    for name, part in parts.items():
        description, own = _described(part)
        described[name] = description
        arrays |= {f"{name}/{key}": value for key, value in own.items()}
    arrays = {key: np.asarray(value, order="C") for key, value in arrays.items()}
    header = {
        "format": _FORMAT,
        "conservax": version("conservax"),
        "parts": json.dumps(described, allow_nan=False),
    }
    return save(arrays, header)


def _described(part: Any) -> tuple[Any, dict[str, np.ndarray]]:
    if isinstance(part, dict):
        return {"json": part}, {}
    if isinstance(part, Leaves):
        description, arrays = encode(part.arrays)
        return {"leaves": description}, arrays
    return encode(part, own_parts=isinstance(part, Settings))


def load_parts(path: Path) -> dict[str, Any]:
    """Load what `save_parts` wrote.

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
    """Header beside the arrays: JSON, after its length in eight bytes."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]).get("__metadata__", {})


def _decode_part(name: str, description: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(description, dict) and "json" in description:
        return description["json"]
    prefix = f"{name}/"
    own = {key.removeprefix(prefix): v for key, v in arrays.items() if key.startswith(prefix)}
    if isinstance(description, dict) and "leaves" in description:
        return Leaves(decode(description["leaves"], own))
    return decode(description, own)

"""The rows of a run on disk: tables, or windows of events."""

import io
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from conservax._files import SealError, read_sealed, write_sealed
from conservax.data import DataError, Events, EventSplit, Split, Table
from conservax.model import CodecError, decode, encode

_ABOUT = "about"  # all that is not an array, as JSON


def write_split(path: Path, split: Split | EventSplit) -> None:
    """Write all parts to one file, in one move: an archive that `numpy.load` reads, and a checksum."""
    arrays = {}
    for part, rows in split._asdict().items():
        held = {field.name: getattr(rows, field.name) for field in fields(rows)}
        plain = {name: value for name, value in held.items() if not isinstance(value, np.ndarray)}
        held = {name: held[name] for name in held.keys() - plain.keys()}
        plain["reader"] = encode(plain["reader"])[0]
        held[_ABOUT] = np.array(json.dumps(plain))
        arrays |= {f"{part}_{name}": value for name, value in held.items()}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_sealed(path, content.getvalue())


def read_split(path: Path) -> Split | EventSplit:
    """Read a file of `write_split`.

    **Raises:** `DataError` if the file is missing or damaged.
    """
    try:
        with np.load(io.BytesIO(read_sealed(path)), allow_pickle=False) as arrays:
            parts = [_part(arrays, part) for part in Split._fields]
    except FileNotFoundError:
        raise DataError(
            f"{path.parent}: expected the rows of a run in {path.name}; got no such file. Give the out of "
            "a fit, or a model file."
        ) from None
    except (OSError, KeyError, TypeError, SealError, CodecError) as error:
        raise DataError(
            f"{path}: damaged, or not the rows of a run of this version ({error}). Fit again."
        ) from error
    whole: Any = EventSplit if isinstance(parts[0], Events) else Split
    return whole(*parts)


def _part(arrays: Mapping[str, np.ndarray], part: str) -> Table | Events:
    about = json.loads(arrays[f"{part}_{_ABOUT}"].item())
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in about.items()}
    plain["reader"] = decode(about["reader"], {})
    kind = Events if f"{part}_sequence" in arrays else Table
    held = [field.name for field in fields(kind) if field.name not in plain]
    return kind(**{name: arrays[f"{part}_{name}"] for name in held}, **plain)

"""Laws as arrays and plain JSON, and back. Reading one never runs code from the file."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from conservax import (
    bijection,
    check,
    data,
    density,
    field,
    flux,
    law,
    models,
    nn,
    objective,
    point_process,
    reference,
    train,
    univariate,
)
from conservax._types import PyTree
from conservax.model._settings import Outcome, Settings, StreamSource

# All classes that a file may name, as their parts list them. A name is written with its part, so that
# it stands for one class alone, and is unchanged where a class moves within its part.
IN_FILES: dict[str, tuple[type, ...]] = {
    "nn": nn.IN_FILES,
    "univariate": univariate.IN_FILES,
    "bijection": bijection.IN_FILES,
    "density": density.IN_FILES,
    "flux": flux.IN_FILES,
    "field": field.IN_FILES,
    "reference": reference.IN_FILES,
    "law": law.IN_FILES,
    "point_process": point_process.IN_FILES,
    "objective": objective.IN_FILES,
    "models": models.IN_FILES,
    "train": train.IN_FILES,
    "data": data.IN_FILES,
    "check": check.IN_FILES,
    "model": (Outcome, Settings, StreamSource),
    "equinox": (eqx.nn.GRUCell, eqx.nn.Linear),
}
CLASSES = {f"{part}.{cls.__name__}": cls for part, classes in IN_FILES.items() for cls in classes}
NAMES = {cls: name for name, cls in CLASSES.items()}


class CodecError(ValueError):
    """A tree that cannot be written down, or a description that does not fit this version."""


@dataclasses.dataclass(frozen=True)
class OwnPart:
    """Placeholder in settings for a part of the user's own, which a file does not hold."""

    name: str

    def __call__(self, *_, **__):
        raise TypeError(
            f"{self.name}: a part of your own, which the file does not hold. Give it again."
        )


def encode(tree: PyTree, *, own_parts: bool = False) -> tuple[Any, dict[str, np.ndarray]]:
    """A JSON description of a tree of conservax parts, and its arrays by name.

    With `own_parts` functions and foreign classes are named, and come back as `OwnPart`.

    **Raises:** `CodecError` for these otherwise: they would need code to read back.
    """
    arrays: dict[str, np.ndarray] = {}
    return _encode(tree, "law", arrays, own_parts), arrays


def _encode(node: Any, path: str, arrays: dict[str, np.ndarray], own_parts: bool) -> Any:
    if isinstance(node, jax.Array | np.ndarray):
        arrays[path] = np.asarray(node)
        return {"array": path}
    if type(node) is tuple or type(node) is list:
        items = [_encode(item, f"{path}.{n}", arrays, own_parts) for n, item in enumerate(node)]
        return {"tuple": items}
    if isinstance(node, Mapping):
        items = [
            [_key(key), _encode(value, f"{path}.{key}", arrays, own_parts)]
            for key, value in node.items()
        ]
        return {"mapping": items}
    if isinstance(node, OwnPart):
        return {"own": node.name}
    if isinstance(node, np.generic):
        return node.item()
    if node is None or isinstance(node, bool | int | float | str):
        return node
    if type(node) in NAMES:
        fields = {
            own.name: _encode(getattr(node, own.name), f"{path}.{own.name}", arrays, own_parts)
            for own in dataclasses.fields(node)
        }
        return {"class": NAMES[type(node)], "fields": fields}
    if own_parts:
        return {"own": getattr(node, "__qualname__", type(node).__name__)}
    raise CodecError(
        f"{path}: cannot write down {node!r}; a file holds arrays and numbers only. "
        "Use the parts that conservax has, and a number as diffusion."
    )


def _key(key: Any) -> str | int | float:
    """Key of a mapping in JSON, such as a time."""
    return key if isinstance(key, str | int | float) else str(key)


def decode(description: Any, arrays: dict[str, np.ndarray]) -> PyTree:
    """The tree that `encode` described.

    **Raises:** `CodecError` if a class or its fields are not those of this version.
    """
    if isinstance(description, dict) and "array" in description:
        if description["array"] not in arrays:
            raise CodecError(f"the array {description['array']!r} is missing.")
        return jnp.asarray(arrays[description["array"]])
    if isinstance(description, dict) and "tuple" in description:
        return tuple(decode(item, arrays) for item in description["tuple"])
    if isinstance(description, dict) and "mapping" in description:
        return {key: decode(value, arrays) for key, value in description["mapping"]}
    if isinstance(description, dict) and "own" in description:
        return OwnPart(str(description["own"]))
    if isinstance(description, dict) and "class" in description:
        return _decode_module(description["class"], description.get("fields", {}), arrays)
    if description is None or isinstance(description, bool | int | float | str):
        return description
    raise CodecError(f"cannot read {description!r}.")


def _decode_module(name: str, fields: dict[str, Any], arrays: dict[str, np.ndarray]) -> eqx.Module:
    cls = CLASSES.get(name)
    if cls is None:
        raise CodecError(f"this version of conservax has no {name!r}.")
    expected = {own.name for own in dataclasses.fields(cls)}
    if expected != fields.keys():
        raise CodecError(
            f"expected {name} with the fields {sorted(expected)}; got {sorted(fields)}. "
            "The file was written by another version of conservax."
        )
    module = object.__new__(cls)
    for attribute, value in fields.items():
        object.__setattr__(module, attribute, decode(value, arrays))
    return module

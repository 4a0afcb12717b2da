"""Cache of compiled programs, which evicts the least recently used ones.

A program of JAX takes memory maps (a step of training a thousand, and some 80 MiB), of which Linux
gives a process 65 530, and the caches of JAX never evict one: a session of many models ends in a
segmentation fault. Here each program is kept under its own key, and evicted with it. What JAX
compiles by itself, for each operation on arrays of a new shape, is small and is cleared all at once.
The compiler leaves what it freed in fragments, which the C library keeps until they are trimmed.
"""

import ctypes
import gc
import hashlib
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cache, wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import equinox as eqx
import jax
import numpy as np
from jax.core import Tracer

from conservax import _program_cache as _program_cache  # where the environment asks for it

MAPS, MAX_MAPS = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")  # of Linux

P = ParamSpec("P")
R = TypeVar("R")
_evicted = {"now": 0, "since": 0}  # programs, since memory was trimmed, and since all were cleared
TURNOVER = 50  # programs evicted, after which the others are cleared too
SHORT, LONG = 128, 8192  # rows, between which lengths are powers of four times each other
Effort = Literal["least", "some", "most"]
KEPT = 8  # programs of one function: as many kinds of models, or stages of training, take turns


def program(
    keep: int = KEPT, *, effort: Effort = "some"
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`eqx.filter_jit`, of which the `keep` programs used last are kept and the others evicted.

    A program serves all arguments whose arrays have the same shapes and dtypes and whose other
    leaves are equal. The function is written at the top level of a module: what changes is passed
    to it, constant arrays in a `Constant`. `effort` is that of the compiler on CPUs: the least for what
    runs a few times on some hundred rows, the most for what runs longest.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        kept: OrderedDict[Hashable, Any] = OrderedDict()

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if _is_traced():  # it becomes a part of another program
                return function(*args, **kwargs)
            key = _signature((args, kwargs))
            run = kept.pop(key, None)
            kept[key] = run = _jitted(function, effort) if run is None else run
            if len(kept) > keep:
                _evict(kept.popitem(last=False)[1])
            return run(*args, **kwargs)

        return call

    return decorate


def _is_traced() -> bool:
    return isinstance(jax.numpy.asarray(0), Tracer)


def padded_length(count: int) -> int:
    """The smallest of a few lengths that holds so many rows: tables of many lengths share programs.

    Above `LONG` rows at most an eighth of it is padding.
    """
    if count > LONG:
        step = 1 << (count - 1).bit_length() - 4
        return -(-count // step) * step
    length = LONG
    while length // 4 >= max(count, SHORT):
        length //= 4
    return length


def make_room() -> None:
    """Return freed memory to the system, and at times clear everything compiled.

    That is where a third of the memory maps of the process is used, or where so many programs were
    evicted that shapes seem to change all the time: JAX keeps some 30 MiB of each of them.
    """
    full = _evicted["since"] >= TURNOVER or _is_short_of_maps()
    if full:
        _evicted["since"] = 0
        jax.clear_caches()
        gc.collect()
    if full or _evicted["now"]:
        _evicted["now"] = 0
        _trim()


def _is_short_of_maps() -> bool:
    try:
        most = int(MAX_MAPS.read_text())
        with MAPS.open("rb") as maps:
            used = sum(1 for _ in maps)
    except (OSError, ValueError):  # no Linux: no such limit
        return False
    return used > most // 3


class Constant:
    """A tree that is constant in a program, equal to another by structure and contents of arrays.

    One that holds what has no hash equals itself alone.
    """

    def __init__(self, tree: Any):
        self.tree = tree
        leaves, structure = jax.tree.flatten(tree)
        try:
            self._key: Any = (structure, tuple(_content(leaf) for leaf in leaves))
            self._hash = hash(self._key)
        except TypeError:
            self._key = object()
            self._hash = hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash


def _jitted(function: Callable, effort: Effort) -> Callable:
    """A function of its own, so that the caches of JAX and Equinox for it can be freed with it."""

    def own(*args, **kwargs):
        return function(*args, **kwargs)

    own.__name__, own.__qualname__ = function.__name__, function.__qualname__
    options = _options(effort)
    return eqx.filter_jit(own, compiler_options=options)  # pyright: ignore (passed on to jax.jit)


def _options(effort: Effort) -> dict[str, int | bool]:
    """Options of the compiler on CPUs, but for what `XLA_FLAGS` chooses.

    With the least effort programs are compiled in a quarter of the time and run three times as long. With some
    they are compiled in five sixths of it, and training steps take no longer.
    """
    level = "xla_backend_optimization_level"
    chosen = level in os.environ.get("XLA_FLAGS", "") or jax.default_backend() != "cpu"
    if chosen or effort == "most":
        return {}
    return _known(
        {level: 1} if effort == "some" else {level: 0, "xla_cpu_use_fusion_emitters": False}
    )


def _known(options: dict[str, int | bool]) -> dict[str, int | bool]:
    """Those of the options that this version of the compiler knows."""
    return {name: value for name, value in options.items() if _is_known(name, value)}


@cache
def _is_known(name: str, value: int | bool) -> bool:
    try:
        jax.jit(lambda x: x, compiler_options={name: value})(np.float32(0))
    except jax.errors.JaxRuntimeError:
        return False
    return True


def _evict(run: Any) -> None:
    """Free a program. Its own cache refers to the function that Equinox keeps it for: a cycle."""
    run._cached.clear_cache()
    del run
    gc.collect()
    for span in _evicted:
        _evicted[span] += 1


def _trim() -> None:
    """Trim the C library of Linux: half of the freed memory otherwise stays in fragments."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _signature(tree: Any) -> Hashable:
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple(
        (leaf.shape, leaf.dtype) if eqx.is_array(leaf) else (type(leaf), leaf) for leaf in leaves
    )


def _content(leaf: Any) -> Hashable:
    if not eqx.is_array(leaf):
        return type(leaf), leaf
    key = jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    values = np.ascontiguousarray(jax.random.key_data(leaf) if key else leaf)
    return leaf.shape, leaf.dtype, hashlib.sha256(values.tobytes()).digest()

"""Compiled programs, kept by what they are made of; those not used for long are given back.

A program of JAX takes memory maps (a step of training a thousand, and some 80 MiB), of which Linux
gives a process 65 530, and the caches of JAX let go of none: a session of many models ends in a
segmentation fault. Here each program is kept under its own key, and dropped with it. What JAX
compiles unasked, for each operation on arrays of a new shape, is small and goes all at once. The
compiler leaves what it freed in pieces, which the C library keeps until it is asked for them.
"""

import ctypes
import gc
import hashlib
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import equinox as eqx
import jax
import numpy as np

MAPS, MOST_MAPS = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")  # of Linux

P, R = ParamSpec("P"), TypeVar("R")
_given_back = {"now": 0, "since": 0}  # programs, since memory was returned, and since all were
TURNOVER = 50  # programs given back, after which nobody asks for the others either
KEPT = 8  # programs of one function: as many kinds of models, or stages of training, take turns


def program(keep: int = KEPT) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`eqx.filter_jit`, of which the `keep` programs used last are kept and the others given back.

    A program serves all arguments whose arrays have the same shapes and dtypes and whose other
    leaves are equal. The function is written at the top level of a module: what changes is passed
    to it, an array of which the program shall be made in a `Constant`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        kept: OrderedDict[Hashable, Any] = OrderedDict()

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            key = _signature((args, kwargs))
            run = kept.pop(key, None)
            kept[key] = run = _jitted(function) if run is None else run
            if len(kept) > keep:
                _give_back(kept.popitem(last=False)[1])
            return run(*args, **kwargs)

        return call

    return decorate


def make_room() -> None:
    """Give freed memory back to the system, and at times let go of everything compiled.

    That is where a third of the memory maps of the process is used, or where so many programs were
    given back that shapes seem to change all the time: JAX keeps some 30 MiB of each that was.
    """
    full = _given_back["since"] >= TURNOVER or _maps_run_short()
    if full:
        _given_back["since"] = 0
        jax.clear_caches()
        gc.collect()
    if full or _given_back["now"]:
        _given_back["now"] = 0
        _trim()


def _maps_run_short() -> bool:
    try:
        most = int(MOST_MAPS.read_text())
        with MAPS.open("rb") as maps:
            used = sum(1 for _ in maps)
    except (OSError, ValueError):  # no Linux: no such limit
        return False
    return used > most // 3


class Constant:
    """A tree of which a program is made, equal to another by structure and the contents of arrays.

    Arrays in it are constants of the program. One that holds what has no hash equals itself alone.
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


def _jitted(function: Callable) -> Callable:
    """A function of its own, so that what JAX and Equinox keep for it can go with it."""

    def own(*args, **kwargs):
        return function(*args, **kwargs)

    own.__name__, own.__qualname__ = function.__name__, function.__qualname__
    return eqx.filter_jit(own)


def _give_back(run: Any) -> None:
    """Free a program. Its own cache names the function that Equinox keeps it for: a circle."""
    run._cached.clear_cache()
    del run
    gc.collect()
    for span in _given_back:
        _given_back[span] += 1


def _trim() -> None:
    """Ask the C library of Linux to return what is free: half of it otherwise stays in pieces."""
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

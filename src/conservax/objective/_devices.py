"""Which devices share the rows of a step: what an objective draws is split over them too."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import jax
from jax.sharding import NamedSharding

from conservax._types import PyTree

_SHARDING: ContextVar[NamedSharding | None] = ContextVar("sharding", default=None)


@contextmanager
def sharing_rows(sharding: NamedSharding) -> Iterator[None]:
    """Objectives that are traced in this context split what they draw as this sharding splits rows."""
    token = _SHARDING.set(sharding)
    try:
        yield
    finally:
        _SHARDING.reset(token)


def split_over_devices(tree: PyTree, count: int) -> PyTree:
    """Arrays with a leading axis of this length, split over the devices if they can share it."""
    sharding = _SHARDING.get()
    if sharding is None or count % sharding.num_devices:
        return tree
    return jax.lax.with_sharding_constraint(tree, sharding)

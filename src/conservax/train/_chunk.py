"""Chunks: many training steps in one compiled call."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Float, Int

from conservax._programs import Constant, padded_length, program
from conservax._types import PRNGKey, PyTree, Scalar
from conservax.density import Mixture
from conservax.objective import Sum, sharing_rows
from conservax.train._loss import fixed_and_weights, loss_of
from conservax.train._state import TrainState, flattened, unflattened


class ChunkMetrics(NamedTuple):
    """Metrics of a chunk, on the host."""

    parts: dict[str, Float[Array, ""]]  # mean of every term over the chunk
    train: Float[Array, ""]  # mean objective over the chunk
    finite: Bool[Array, " steps"]  # whether each step's loss and gradient were finite


class Steps(NamedTuple):
    """Static settings of a chunk of steps. Equal ones share a program."""

    steps: int
    batch_size: int
    average: float
    noisy: tuple[bool, bool]  # whether there is input noise on positions, and on times
    sharding: NamedSharding


class Padded(NamedTuple):
    """Rows, followed by copies of the last one, so that programs serve many numbers of rows."""

    rows: Any
    length: Int[Array, ""] | np.uint32  # of the rows before the padding


def padded(rows: Any) -> Padded:
    """Rows of a table or of windows, or what stands for them, with padding."""
    count = len(rows.t)
    index = np.minimum(np.arange(padded_length(count)), count - 1)
    return Padded(jax.tree.map(lambda leaf: np.asarray(leaf)[index], rows), np.uint32(count))


class Numbers(NamedTuple):
    """Numbers that every run passes to a program: as weak in type as numbers of Python are."""

    weights: list[Scalar]  # of the terms of the objective
    noise: Scalar
    time_noise: Scalar


def make_chunk(
    law: eqx.Module,
    objective: Sum,
    optimiser: optax.GradientTransformation,
    *,
    steps: int,
    batch_size: int,
    average: float,
    noise: float,
    time_noise: float,
    sharding: NamedSharding,
) -> Callable[[TrainState, Padded], tuple[TrainState, ChunkMetrics]]:
    """A compiled function that takes `steps` steps, for states stacked along a leading axis.

    Laws alike but for their parameters and sums alike but for their weights share it; an optimiser
    is alike only to itself.
    """
    fixed, weights = fixed_and_weights(law, objective)
    static = Steps(steps, batch_size, average, (bool(noise), bool(time_noise)), sharding)
    numbers = Numbers(weights, *map(jnp.asarray, (float(noise), float(time_noise))))
    chunk = _long_chunk if _has_many_components(law) else _short_chunk
    return partial(chunk, fixed, optimiser, static, numbers)


MANY = 64  # components of a mixture, from which steps last so long that they repay the compiler


def _has_many_components(law: eqx.Module) -> bool:
    parts = jax.tree.leaves(law, is_leaf=lambda part: isinstance(part, Mixture))
    return any(isinstance(part, Mixture) and len(part.logits) >= MANY for part in parts)


def _chunk(
    fixed: Constant,
    optimiser: optax.GradientTransformation,
    static: Steps,
    numbers: Numbers,
    state: TrainState,
    data: Padded,
) -> tuple[TrainState, ChunkMetrics]:
    """The next steps of every ensemble member."""
    loss, shapes = loss_of(fixed, numbers.weights), fixed.tree[1]
    update = partial(_update, optimiser, shapes)
    step = partial(_one_step, loss, update, static, numbers)

    def one_chunk(state: TrainState):
        state, (values, parts, finite) = jax.lax.scan(
            lambda state, _: step(state, data), state, length=static.steps
        )
        means = jax.tree.map(jnp.mean, parts)
        return state, ChunkMetrics(means, jnp.mean(values), finite)

    return jax.vmap(one_chunk)(state)


_short_chunk, _long_chunk = program()(_chunk), program(effort="most")(_chunk)


def _update(
    optimiser: optax.GradientTransformation,
    shapes: PyTree,
    gradient: Float[Array, " parameters"],
    state: TrainState,
) -> tuple[Float[Array, " parameters"], PyTree]:
    """Parameters and state of the optimiser after a step; the optimiser sees trees."""
    trees = unflattened(shapes, gradient), unflattened(shapes, state.params)
    updates, opt_state = optimiser.update(trees[0], state.optimiser, trees[1])
    params = state.params + flattened(updates)
    return params.astype(state.params.dtype), opt_state


def _one_step(
    loss: Callable[..., Any],
    update: Callable[..., Any],
    static: Steps,
    numbers: Numbers,
    state: TrainState,
    data: Padded,
) -> tuple[TrainState, tuple[Scalar, dict[str, Scalar], Bool[Array, ""]]]:
    """One step of one ensemble member, with its loss, its terms and whether all was finite."""
    key, row_key, noise_key, loss_key = jax.random.split(state.key, 4)
    chosen = _drawn_rows(row_key, static.batch_size, data.length)
    rows = jax.tree.map(lambda leaf: leaf[chosen], data.rows)
    rows = _with_input_noise(noise_key, rows, numbers, static.noisy)
    rows = jax.lax.with_sharding_constraint(rows, static.sharding)
    with sharing_rows(static.sharding):
        found = jax.value_and_grad(loss, has_aux=True)(state.params, loss_key, rows)
    (value, parts), grads = found
    params, opt_state = update(grads, state)
    # The mean forgets its start: early on it follows closely.
    step = state.step + 1
    decay = jnp.minimum(static.average, step / (step + 9.0)).astype(params.dtype)
    mean = state.average + (1 - decay) * (params - state.average)
    state = dataclasses.replace(
        state, params=params, average=mean, optimiser=opt_state, key=key, step=step
    )
    finite = jnp.isfinite(value) & jnp.isfinite(jnp.linalg.norm(grads))
    return state, (value, parts, finite)


def _drawn_rows(key: PRNGKey, count: int, rows: Int[Array, ""] | np.uint32) -> Int[Array, " drawn"]:
    """Indices of rows drawn with equal probabilities, up to one part in 2^32 / rows."""
    return jax.random.bits(key, (count,), jnp.uint32) % rows


def _with_input_noise(key: PRNGKey, rows: Any, numbers: Numbers, noisy: tuple[bool, bool]) -> Any:
    """Rows with input noise, times reflected at the ends of [0, 1]."""
    if not any(noisy):
        return rows
    # One draw for positions and times.
    normal = jax.random.normal(key, (rows.t.size + rows.x.size,), rows.x.dtype)
    of_t, of_x = jnp.split(normal, [rows.t.size])
    if noisy[0]:
        moved = numbers.noise * of_x.reshape(rows.x.shape)
        spread = getattr(rows, "spread", None)
        rows = rows._replace(x=rows.x + (moved if spread is None else spread * moved))
    if noisy[1]:
        moved = numbers.time_noise * of_t.reshape(rows.t.shape).astype(rows.t.dtype)
        rows = rows._replace(t=jnp.clip(1 - jnp.abs(1 - jnp.abs(rows.t + moved)), 0.0, 1.0))
    return rows


def replicate(tree: PyTree, copied: NamedSharding) -> PyTree:
    """The arrays of a tree on every device, also on those of other hosts that hold the same."""

    def place(leaf):
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(place(jax.random.key_data(leaf)))
        host = np.asarray(leaf)
        return jax.make_array_from_callback(host.shape, copied, lambda index: host[index])

    return jax.tree.map(place, tree)


def replicated_and_split(devices: Sequence[Any]) -> tuple[NamedSharding, NamedSharding]:
    """One sharding that copies to all devices, and one that splits rows over them."""
    mesh = jax.sharding.Mesh(np.asarray(devices), ("rows",))
    return NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("rows"))

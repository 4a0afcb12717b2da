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
from jaxtyping import Array, Bool, Float

from conservax._programs import Constant, program
from conservax._types import PRNGKey, PyTree, Scalar
from conservax.objective import Sum
from conservax.train._loss import fixed_and_weights, loss_of
from conservax.train._state import TrainState


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
) -> Callable[[TrainState, Any], tuple[TrainState, ChunkMetrics]]:
    """A compiled function that takes `steps` steps, for states stacked along a leading axis.

    Laws alike but for their parameters and sums alike but for their weights share it; an optimiser
    is alike only to itself.
    """
    fixed, weights = fixed_and_weights(law, objective)
    static = Steps(steps, batch_size, average, (bool(noise), bool(time_noise)), sharding)
    numbers = Numbers(weights, *map(jnp.asarray, (float(noise), float(time_noise))))
    return partial(_chunk, fixed, optimiser, static, numbers)


@program()
def _chunk(
    fixed: Constant,
    optimiser: optax.GradientTransformation,
    static: Steps,
    numbers: Numbers,
    state: TrainState,
    data: Any,
) -> tuple[TrainState, ChunkMetrics]:
    """The next steps of every ensemble member."""
    step = partial(_one_step, loss_of(fixed, numbers.weights), optimiser, static, numbers)

    def one_chunk(state: TrainState):
        state, (values, parts, finite) = jax.lax.scan(
            lambda state, _: step(state, data), state, length=static.steps
        )
        means = jax.tree.map(jnp.mean, parts)
        return state, ChunkMetrics(means, jnp.mean(values), finite)

    return jax.vmap(one_chunk)(state)


def _one_step(
    loss: Callable[..., Any],
    optimiser: optax.GradientTransformation,
    static: Steps,
    numbers: Numbers,
    state: TrainState,
    data: Any,
) -> tuple[TrainState, tuple[Scalar, dict[str, Scalar], Bool[Array, ""]]]:
    """One step of one ensemble member, with its loss, its terms and whether all was finite."""
    key, row_key, noise_key, loss_key = jax.random.split(state.key, 4)
    chosen = jax.random.randint(row_key, (static.batch_size,), 0, len(data.t))
    rows = jax.tree.map(lambda leaf: leaf[chosen], data)
    rows = _with_input_noise(noise_key, rows, numbers, static.noisy)
    rows = jax.lax.with_sharding_constraint(rows, static.sharding)
    (value, parts), grads = jax.value_and_grad(loss, has_aux=True)(state.params, loss_key, rows)
    updates, opt_state = optimiser.update(grads, state.optimiser, state.params)
    params = optax.apply_updates(state.params, updates)
    # The mean forgets its start: early on it follows closely.
    step = state.step + 1
    decay = jnp.minimum(static.average, step / (step + 9.0)).astype(value.dtype)
    mean = jax.tree.map(lambda a, p: a + (1 - decay) * (p - a), state.average, params)
    state = dataclasses.replace(
        state, params=params, average=mean, optimiser=opt_state, key=key, step=step
    )
    finite = jnp.isfinite(value) & jnp.isfinite(optax.tree.norm(grads))
    return state, (value, parts, finite)


def _with_input_noise(key: PRNGKey, rows: Any, numbers: Numbers, noisy: tuple[bool, bool]) -> Any:
    """Rows with input noise, times reflected at the ends of [0, 1]."""
    if noisy[0]:
        moved = numbers.noise * jax.random.normal(key, rows.x.shape, rows.x.dtype)
        spread = getattr(rows, "spread", None)
        rows = rows._replace(x=rows.x + (moved if spread is None else spread * moved))
    if noisy[1]:
        t_key = jax.random.fold_in(key, 1)
        moved = numbers.time_noise * jax.random.normal(t_key, rows.t.shape, rows.t.dtype)
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

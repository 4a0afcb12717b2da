"""The objective on validation rows, for early stopping and the choice of the best law."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from conservax._programs import Constant, program
from conservax._types import PRNGKey, Scalar
from conservax.objective import Sum
from conservax.train._loss import fixed_and_weights, loss_of
from conservax.train._state import TrainState

PIECE = 1024  # validation rows at once, if a step has not more: about the memory of a step
_FEW = 512  # rows or events, which take no time beside the steps of a chunk


def make_evaluation(
    law: eqx.Module, objective: Sum, validation: Any, *, key: PRNGKey, batch_size: int
) -> Callable[[TrainState, int], tuple[TrainState, Float[Array, " members"]]]:
    """A function that evaluates running means, and keeps the best ones.

    It takes states stacked along a leading axis, and how many steps they have made since it was last
    called; the program is shared like that of a chunk. Without validation rows the last running
    means are the best, and the objective is NaN.
    """
    if validation is None:
        return lambda state, _: (_last(state), jnp.full_like(state.best_loss, jnp.nan))
    few = validation.t.size <= _FEW
    program = _evaluate_few if few else _evaluate_many
    evaluate = partial(program, *fixed_and_weights(law, objective), batch_size, validation, key)
    return lambda state, steps: evaluate(state, jnp.asarray(steps))


def _last(state: TrainState) -> TrainState:
    return dataclasses.replace(state, best=state.average)


def _evaluate(
    fixed: Constant,
    weights: list[Scalar],
    batch_size: int,
    validation: Any,
    key: PRNGKey,
    state: TrainState,
    steps: Int[Array, ""],
) -> tuple[TrainState, Float[Array, " members"]]:
    loss = loss_of(fixed, weights)

    def one(state: TrainState):
        held_out = _in_pieces(
            lambda *piece: loss(state.average, *piece)[0], key, validation, batch_size
        )
        return _keep_best(state, held_out, steps), held_out

    return jax.vmap(one)(state)


_evaluate_few, _evaluate_many = program(effort="least")(_evaluate), program()(_evaluate)


def _in_pieces(
    objective: Callable[[PRNGKey, Any], Scalar], key: PRNGKey, rows: Any, batch_size: int
) -> Scalar:
    """The mean of an objective over pieces of rows, one after the other: memory of one piece.

    A piece has as many rows as a step or, where that is more, `PIECE`, for which a window counts
    as many times as the longest has events. Pieces are of equal length; the last few rows, too few
    for another piece, are left out.
    """
    most = max(batch_size, PIECE * len(rows.t) // rows.t.size)
    length = len(rows.t) // -(-len(rows.t) // most)
    count = len(rows.t) // length
    if count == 1:
        return objective(key, rows)
    # Piece i has the rows i, i + count, ...: of rows in time order, evenly from all times.
    pieces = jax.tree.map(
        lambda leaf: leaf[: length * count].reshape(length, count, *leaf.shape[1:]).swapaxes(0, 1),
        rows,
    )
    keys = jax.random.split(key, count)
    means = jax.lax.map(lambda piece: objective(*piece), (keys, pieces))
    return jnp.average(means, weights=jax.vmap(_sample_size)(pieces))


def _sample_size(rows: Any) -> Scalar | int:
    """Sample size of a mean: the rows of a piece, or the events of its windows."""
    events = getattr(rows, "length", None)
    return len(rows.t) if events is None else jnp.maximum(jnp.sum(events), 1)


def _keep_best(state: TrainState, held_out: Scalar, steps: Int[Array, ""]) -> TrainState:
    """Keep the running mean if it is the best on the validation rows so far."""
    better = held_out < state.best_loss
    return dataclasses.replace(
        state,
        best=jnp.where(better, state.average, state.best),
        best_loss=jnp.where(better, held_out, state.best_loss),
        stale=jnp.where(better, 0, state.stale + steps),
    )

"""An objective as a function of parameters, in programs shared by laws and weights alike."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from conservax._programs import Constant
from conservax._types import PRNGKey, PyTree, Scalar
from conservax.objective import Sum
from conservax.train._state import without_parameters


def fixed_and_weights(law: eqx.Module, objective: Sum) -> tuple[Constant, list[Scalar]]:
    """Static part of a program, and the weights of the terms, which are its arguments."""
    terms = [term for _, term in objective.terms]
    weights = [jnp.asarray(weight) for weight, _ in objective.terms]
    return Constant((without_parameters(law), terms)), weights


def loss_of(
    fixed: Constant, weights: list[Scalar]
) -> Callable[[PyTree, PRNGKey, Any], tuple[Scalar, dict[str, Scalar]]]:
    """From parameters, a key and rows to the objective and its terms."""
    frame, terms = fixed.tree
    objective = Sum(tuple(zip(weights, terms, strict=True)))

    def loss(params: PyTree, key: PRNGKey, rows: Any) -> tuple[Scalar, dict[str, Scalar]]:
        parts = objective.parts(key, eqx.combine(params, frame), rows)
        return objective.total(parts), parts

    return loss

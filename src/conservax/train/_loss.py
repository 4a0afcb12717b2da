"""An objective as a function of parameters, in programs shared by laws and weights alike."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._programs import Constant
from conservax._types import PRNGKey, Scalar
from conservax.objective import Sum
from conservax.train._state import parameters, shapes, unflattened, without_parameters


def fixed_and_weights(law: eqx.Module, objective: Sum) -> tuple[Constant, list[Scalar]]:
    """Static part of a program, and the weights of the terms, which are its arguments."""
    terms = [term for _, term in objective.terms]
    weights = [jnp.asarray(weight) for weight, _ in objective.terms]
    return Constant((without_parameters(law), shapes(parameters(law)), terms)), weights


def loss_of(
    fixed: Constant, weights: list[Scalar]
) -> Callable[[Float[Array, " parameters"], PRNGKey, Any], tuple[Scalar, dict[str, Scalar]]]:
    """From flat parameters, a key and rows to the objective and its terms."""
    frame, shapes, terms = fixed.tree
    objective = Sum(tuple(zip(weights, terms, strict=True)))

    def loss(
        params: Float[Array, " parameters"], key: PRNGKey, rows: Any
    ) -> tuple[Scalar, dict[str, Scalar]]:
        law = eqx.combine(unflattened(shapes, params), frame)
        parts = objective.parts(key, law, rows)
        return objective.total(parts), parts

    return loss

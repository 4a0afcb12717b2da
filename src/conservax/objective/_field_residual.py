"""Squared distance of a field to a target, as an objective."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Point, PRNGKey, Scalar, Time, Vector
from conservax.objective._base import AbstractObjective
from conservax.objective._collocation import CollocationPoints


class FieldResidual(AbstractObjective):
    """Mean of |v(0, x) - target(x)|^2 at collocation points of a domain.

    **Arguments:**

    - `target`: x -> shape `(dim,)`.
    - `at`: collocation points.
    """

    target: Callable[[Point], Vector] = eqx.field(static=True)
    at: CollocationPoints
    name: ClassVar[str] = "field"

    def __call__(self, key: PRNGKey, field: Callable[[Time, Point], Vector], rows: Any) -> Scalar:
        """Unbiased estimate; the rows are ignored."""
        del rows
        t, x = self.at(key)
        error = jax.vmap(lambda t, x: field(t, x) - self.target(x))(t, x)
        return jnp.mean(jnp.sum(error**2, axis=1))

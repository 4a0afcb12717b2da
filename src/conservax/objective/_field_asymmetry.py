"""Asymmetry of the Jacobian of target less field, as an objective."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Point, PRNGKey, Scalar, Time, Vector
from conservax.objective._base import AbstractObjective
from conservax.objective._collocation import CollocationPoints


class FieldAsymmetry(AbstractObjective):
    """Mean of |J - J^T|_F^2, J the Jacobian of target - v(0, .) [richterpowell2022, (14)], squared.

    Zero if and only if the field is the divergence-free part of the target, up to a constant: the
    remainder is then a gradient. Unlike `FieldResidual` it has no noise at its minimum. It is
    estimated by one random direction per point, E |J e - J^T e|^2 for e of variance 1, at one
    forward and one reverse pass where the matrix would take dim.

    **Arguments:**

    - `target`: x -> shape `(dim,)`.
    - `at`: collocation points.
    """

    target: Callable[[Point], Vector] = eqx.field(static=True)
    at: CollocationPoints
    name: ClassVar[str] = "asymmetry"

    def __call__(self, key: PRNGKey, field: Callable[[Time, Point], Vector], rows: Any) -> Scalar:
        """Unbiased estimate; the rows are ignored."""
        del rows
        point_key, probe_key = jax.random.split(key)
        t, x = self.at(point_key)
        # Of all directions of variance 1, signs estimate with the least noise.
        probes = jax.random.rademacher(probe_key, x.shape, x.dtype)

        def asymmetry(t, x, probe):
            remainder = lambda x: self.target(x) - field(t, x)  # noqa: E731
            forward = jax.jvp(remainder, (x,), (probe,))[1]
            (backward,) = jax.vjp(remainder, x)[1](probe)
            return jnp.sum((forward - backward) ** 2)

        return jnp.mean(jax.vmap(asymmetry)(t, x, probes))

"""Asymmetry of the Jacobian of the velocity, as an objective."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, PRNGKey, Scalar, Time
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows
from conservax.objective._collocation import draws


class JacobianSymmetry(AbstractObjective):
    """Jacobian asymmetry: the integral over t of E |J - J^T|_F^2, J the Jacobian of the velocity in x.

    Zero if and only if the velocity is a gradient field, as the optimal one is. For v ~ N(0, I),
    E |J v - J^T v|^2 is the *square* of the norm in [hua2025, (37)]; the expansion printed in
    (38) has a sign wrong. One forward and one reverse pass per point. The points are not
    differentiated: they are drawn from the law as it stands.

    **Arguments:**

    - `points`: draws per step; by default as many as rows in the batch, at least 256.
    """

    points: int | None = eqx.field(static=True, default=None)
    name: ClassVar[str] = "symmetry"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate."""
        point_key, probe_key = jax.random.split(key)
        at = jax.lax.stop_gradient(draws(point_key, law, rows, self.points))
        probes = jax.random.normal(probe_key, at.x.shape, at.x.dtype)

        def asymmetry(t: Time, x: Point, condition: Condition, probe: Point) -> Scalar:
            field = lambda x: law.velocity(t, x, condition)  # noqa: E731
            forward = jax.jvp(field, (x,), (probe,))[1]
            (backward,) = jax.vjp(field, x)[1](probe)
            return jnp.sum((forward - backward) ** 2)

        return jnp.mean(jax.vmap(asymmetry)(at.t, at.x, at.condition, probes))

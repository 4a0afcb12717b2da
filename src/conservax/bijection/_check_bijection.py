"""A check of a bijection of one's own: its inverse, and both log-determinants."""

import jax
import jax.numpy as jnp

from conservax._programs import program
from conservax._types import PRNGKey
from conservax.bijection._base import AbstractBijection

_POINTS = 32
_TOLERANCE = 0.01  # relative to 1 and to the value: of float32 through a deep map


def check_bijection(bijection: AbstractBijection) -> None:
    """Try a bijection at standard normal points, times in [0, 1] and conditions.

    A map whose inverse does not invert it has draws that are not those of its density.

    **Raises:** `ValueError` for an inverse that does not return to the point, and for a log-determinant
    that is not that of the Jacobian, which forward-mode differentiation finds.
    """
    errors = _errors(bijection, jax.random.key(0))
    said = (
        "an inverse_and_log_det that returns to z from forward_and_log_det(t, z)",
        "a forward_and_log_det with log |det dT/dz| of its Jacobian",
        "an inverse_and_log_det with log |det dT/dz| at z, not that of the inverse",
    )
    for error, expected in zip(errors, said, strict=True):
        if not error <= _TOLERANCE:
            raise ValueError(
                f"expected {expected}; {type(bijection).__name__} is off by {error:.2g} "
                "at standard normal points."
            )


@program(effort="least")
def _errors(bijection: AbstractBijection, key: PRNGKey) -> list[jax.Array]:
    """Largest relative errors of the point that comes back, and of both log-determinants."""
    t_key, z_key, condition_key = jax.random.split(key, 3)
    t = jax.random.uniform(t_key, (_POINTS,))
    z = jax.random.normal(z_key, (_POINTS, bijection.dim))
    length = bijection.condition_dim
    conditions = jax.random.normal(condition_key, (_POINTS, length)) if length else None

    def at(t, z, condition):
        x, forward = bijection.forward_and_log_det(t, z, condition)
        back, inverse = bijection.inverse_and_log_det(t, x, condition)
        jacobian = jax.jacfwd(lambda z: bijection.forward_and_log_det(t, z, condition)[0])(z)
        return (back, z), (forward, true := jnp.linalg.slogdet(jacobian)[1]), (inverse, true)

    return [
        jnp.max(jnp.abs(found - true) / (1 + jnp.abs(true)))
        for found, true in jax.vmap(at)(t, z, conditions)
    ]

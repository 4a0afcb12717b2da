"""Squared error of the log of the total mass, as an objective."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows


class MassResidual(AbstractObjective):
    """Mean squared error of the log of the total mass, up to a constant, at times when it was counted.

    **Arguments:**

    - `times`: law times in [0, 1].
    - `masses`: counted then, in any unit, positive.

    **Raises:** `ValueError` for fewer than two times, another number of masses, or masses that are
    not positive.
    """

    times: tuple[float, ...] = eqx.field(static=True, converter=tuple)
    masses: tuple[float, ...] = eqx.field(static=True, converter=tuple)
    name: ClassVar[str] = "mass"

    def __check_init__(self):
        if len(self.times) < 2 or len(self.times) != len(self.masses) or min(self.masses) <= 0:
            raise ValueError(
                "expected a positive mass for each of at least two times; "
                f"got {self.masses} at {self.times}."
            )

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Variance of the errors of log mass: its unit is arbitrary."""
        del key
        times = jnp.asarray(self.times, rows.x.dtype)
        error = jax.vmap(law.log_mass)(times) - jnp.log(jnp.asarray(self.masses, rows.x.dtype))
        return jnp.mean((error - jnp.mean(error)) ** 2)

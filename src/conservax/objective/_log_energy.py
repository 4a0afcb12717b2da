"""The logarithm of an energy, whose weight has no units."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractReferenceObjective, Rows, Sum
from conservax.reference import WithReference


class LogEnergy(AbstractReferenceObjective):
    """Logarithm log (E + `minimum`) of a sum E of energies, such as `KineticEnergy() + 0.1 * GrowthEnergy()`.

    Beside the likelihood its weight is a cost that does not depend on units: among all laws, the
    one that is best by nll + w log E loses at most w nats of likelihood for each factor of e by which
    it has less energy. E itself is as large as the population moves far, and would, for most
    weights, rather shorten the motion. Nor does a step follow one rare draw: where there is hardly any
    density, as between the components of a mixture, mass that passes from one to another moves at
    any speed, and the squares have so heavy a tail that one draw in millions is most of their mean.

    **Arguments:**

    - `energy`: the sum, of terms that are never negative.
    - `minimum`: an energy below which less makes hardly a difference: .01 is that of a population which moves a
      tenth of a standard deviation in unit time.
    """

    energy: Sum
    minimum: float = eqx.field(static=True, default=0.01)
    name: ClassVar[str] = "log_energy"

    def __check_init__(self):
        if not 0 < self.minimum < float("inf"):
            raise ValueError(f"expected a minimum above 0; got {self.minimum}.")

    def __call__(
        self, key: PRNGKey, trained: ConservationLaw | WithReference, rows: Rows
    ) -> Scalar:
        """Log of an estimate of E, biased by half the relative variance of the estimate."""
        energy = self.energy.total(self.energy.parts(key, trained, rows))
        return jnp.log(jnp.maximum(energy, 0.0) + self.minimum)

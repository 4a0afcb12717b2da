"""The logarithm of an energy: what weighs the motion without moving the data."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractReferenceObjective, Rows, Sum
from conservax.reference import WithReference


class LogEnergy(AbstractReferenceObjective):
    """log (E + `floor`) of a sum E of energies, such as `KineticEnergy() + 0.1 * GrowthEnergy()`.

    Beside the likelihood its weight is a price that does not depend on units: among all laws, the
    one that is best by nll + w log E loses at most w nats of likelihood for each factor of e by which
    it has less energy. E itself is as large as the population moves far, and would, for most
    weights, rather pull the ends of the motion together. Nor does a step follow one rare draw: in places
    that are all but empty, as between the components of a mixture, mass that is handed over moves at
    any speed, and the squares have so heavy a tail that one draw in millions is most of their mean.

    **Arguments:**

    - `energy`: the sum, of terms that are never negative.
    - `floor`: an energy below which less is not worth having: .01 is that of a population which moves a
      tenth of a standard deviation in unit time.
    """

    energy: Sum
    floor: float = eqx.field(static=True, default=0.01)
    name: ClassVar[str] = "log_energy"

    def __check_init__(self):
        if not 0 < self.floor < float("inf"):
            raise ValueError(f"expected a floor above 0; got {self.floor}.")

    def __call__(
        self, key: PRNGKey, trained: ConservationLaw | WithReference, rows: Rows
    ) -> Scalar:
        """Of the estimate of E; its own bias is that of the log of a mean, half its relative variance."""
        energy = self.energy.total(self.energy.parts(key, trained, rows))
        return jnp.log(jnp.maximum(energy, 0.0) + self.floor)

"""Interface of the models that `fit` takes: settings alone, no parameters and no data."""

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import equinox as eqx
import numpy as np
from jaxtyping import Float

from conservax._types import Point, PRNGKey, Scalar, Time, Vector
from conservax.data import DataError
from conservax.density import AbstractDensity
from conservax.field import AbstractDivergenceFree
from conservax.flux import AbstractFlux, KnotheRosenblatt, MixtureFlux
from conservax.reference import AbstractReference

ReferenceName = Literal["network", "lotka-volterra", "repressilator"]


@dataclass(frozen=True, kw_only=True)
class AbstractModelSpec(abc.ABC):
    """What to fit: a density, its flux, and the weights of its motion.

    **Attributes:**

    - `flux`: how the density moves, as `conservax.flux.KnotheRosenblatt()`; each density has a usual
      one.
    - `divergence_free`: a function of a random key for a divergence-free part, added to the flux,
      as `lambda key: conservax.field.MatrixField(2, key=key)`.
    - `diffusion`: volatility g, in standard deviations of the data per square root of the time
      range. A number, or a function of t in [0, 1].
    - `reference`: dynamics that the population is taken to follow as closely as it can, with
      `diffusion`. A drift v(t, x) in units of the columns per unit of time (t counts from the
      first time where these are timestamps, in days); a family of them whose parameters are learned
      along, of `conservax.reference`; "lotka-volterra" or "repressilator" for those that begin
      with all rates 1; or "network", for any field that does not depend on time. The energy that
      `kinetic_weight` weighs is then the divergence from it (`ReferenceEnergy`, nats).
    - `kinetic_weight`: cost of less motion: at most so many nats of likelihood for each
      factor of e by which the kinetic energy falls. See `LogEnergy`; in any unit. 0.01, beside a
      reference 0.1, hardly moves the densities at observed times; 0 turns it off. With births
      and deaths it weighs the kinetic energy itself, of standardised data over unit time, or as
      a fraction of the energy of straight motion from snapshot to snapshot where that is more.
    - `matching_weight`: of `CoupledMatching`: how much cells should follow the pairs of optimal
      transport between neighbouring snapshots, in nats for all of their motion. Of snapshots alone; 0
      turns it off. 2 for `Flow`, 0 for others and beside a reference.
    - `state_weight`: of `StateCost`, nats: keeps the population, between observed times, where individuals of some
      time were seen. Choose it by what it does for a time that is left out.

    **Raises:** `TypeError` for parts that are built already, or not of their kind; `DataError` for
    numbers that make no sense, and a reference without diffusion.
    """

    flux: AbstractFlux | None = None
    divergence_free: Callable[[PRNGKey], AbstractDivergenceFree] | None = None
    diffusion: float | Callable[[Time], Scalar] = 0.0
    reference: AbstractReference | Callable[[Time, Point], Vector] | ReferenceName | None = None
    kinetic_weight: float | None = None
    matching_weight: float | None = None
    state_weight: float | None = None

    name: ClassVar[str]

    def __post_init__(self):
        check_maker("divergence_free", self.divergence_free)
        if self.flux is not None and not isinstance(self.flux, AbstractFlux):
            raise TypeError(
                f"expected a flux, such as KnotheRosenblatt(); got {kind_of(self.flux)}."
            )
        check_weight("kinetic_weight", self.kinetic_weight)
        check_weight("matching_weight", self.matching_weight)
        check_weight("state_weight", self.state_weight)
        if not callable(self.diffusion):
            check_weight("diffusion", self.diffusion)
        if self.reference is None:
            return
        if not callable(self.diffusion) and not self.diffusion > 0:
            raise DataError(
                f"expected a diffusion above 0 beside a reference; got {self.diffusion}. Give the "
                "noise of the process, such as diffusion=0.3."
            )
        if self.matching_weight:
            raise DataError(
                "expected matching_weight without a reference: cells cannot follow both it and the "
                "straight lines of optimal transport. Leave out one of them."
            )
        if self.kinetic_weight == 0:
            raise DataError(
                "expected kinetic_weight above 0 beside a reference: it weighs how closely the "
                "reference is followed. Leave out one of them."
            )

    @abc.abstractmethod
    def density(
        self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], *, seed: int
    ) -> Callable[[PRNGKey], AbstractDensity]:
        """A function of a key for the density, sized for training rows in law units."""

    def noise_fraction(self, t: Float[np.ndarray, " rows"]) -> float:
        """The usual input noise on snapshots of these times, over the bandwidth of a kernel density."""
        del t
        return 1.0

    @property
    @abc.abstractmethod
    def usual_flux(self) -> AbstractFlux:
        """The default flux of the density."""

    @property
    def has_heavy_tails(self) -> bool:
        """Whether velocities grow without bound between modes, as those of `KnotheRosenblatt` do."""
        flux = self.flux or self.usual_flux
        if isinstance(flux, MixtureFlux):
            flux = flux.component_flux
        return isinstance(flux, KnotheRosenblatt)


@dataclass(frozen=True, kw_only=True)
class AbstractGrowthSpec(AbstractModelSpec):
    """A model in which births and deaths may change the population, besides movement.

    The density is then a mixture of components, each of which grows or shrinks; `Model.growth` and
    `Model.mass` are exact for it.

    **Attributes:** those of `AbstractModelSpec`, and

    - `growth_weight`: allow births and deaths; the larger the weight, the fewer of them. Of
      `GrowthEnergy`, beside `kinetic_weight` of movement.
    - `prior_growth`: column of births less deaths expected of each row, per unit of time. Of gene
      scores of proliferation and apoptosis, say; `growth_weight` then weighs the distance
      from it (`GrowthPrior`), which is known at rows alone.
    - `total_mass`: sizes of the population at two times or more, in any unit. A mapping such as
      `{0: 1.0, 4: 2.7}`. Without them only the weights of the components are fitted: of all growth that
      explains these, the one of least energy.
    """

    growth_weight: float | None = None
    prior_growth: str | None = None
    total_mass: Mapping[Any, float] | None = None

    def __post_init__(self):
        super().__post_init__()
        check_weight("growth_weight", self.growth_weight)
        if self.total_mass is not None and not isinstance(self.total_mass, Mapping):
            raise DataError(
                f"expected total_mass as {{time: size, ...}}; got {kind_of(self.total_mass)}. For "
                "example total_mass={0: 1.0, 4: 2.7}."
            )
        for name in ("prior_growth", "total_mass"):
            if getattr(self, name) is not None and self.growth_weight is None:
                raise DataError(
                    f"expected growth_weight beside {name}: without it there are no births. Give "
                    "growth_weight=0.1."
                )


def check_weight(name: str, weight: Any) -> None:
    """Refuse a weight that is not a number from 0 on; None is allowed."""
    number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
    if weight is not None and not (number and 0 <= weight < float("inf")):
        raise DataError(f"expected {name} as a number from 0 on; got {weight!r}. Give {name}=0.01.")


def check_whole(name: str, value: Any, least: int = 1) -> None:
    """Refuse a value that is not a whole number, or is too small; None is allowed."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if value is not None and not (whole and value >= least):
        raise DataError(f"expected {name} as a whole number from {least} on; got {value!r}.")


def check_maker(name: str, part: Any, arguments: str = "key") -> None:
    """Refuse a part that is built already, where a function of a key is to build it."""
    if part is not None and (isinstance(part, eqx.Module | type) or not callable(part)):
        raise TypeError(
            f"expected {name} as a function of a random key, such as lambda {arguments}: "
            f"Part(..., key=key); got {kind_of(part)}."
        )


def kind_of(part: Any) -> str:
    """The class of a part, in words."""
    return f"the class {part.__name__}" if isinstance(part, type) else f"a {type(part).__name__}"

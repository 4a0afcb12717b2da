"""The parts of a law as `fit` is given them: checked, and in law units."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import equinox as eqx

from conservax._types import PRNGKey, Scalar, Time
from conservax.data import DataError, Units
from conservax.flux import AbstractFlux
from conservax.objective import MassError
from conservax.reference import AbstractReference, Given, InUnits, NetworkDrift

MASS_WEIGHT = 10.0  # an error of a tenth of the mass costs a tenth of a nat


def reference_of(
    reference: AbstractReference | Callable | Literal["network"] | None,
    diffusion: float | Callable[[Time], Scalar],
    units: Units,
    key: PRNGKey,
) -> AbstractReference | None:
    """The reference drift in law units.

    **Raises:** `DataError` for another name, or without diffusion.
    """
    if reference is None:
        return None
    if not callable(diffusion) and not diffusion > 0:
        raise DataError(
            f"expected a diffusion above 0 beside a reference; got {diffusion}. Give the noise of "
            "the process, such as diffusion=0.3."
        )
    if isinstance(reference, str):
        if reference != "network":
            raise DataError(f'expected a drift or "network" as reference; got {reference!r}.')
        return NetworkDrift(units.dim, key=key)
    if not isinstance(reference, AbstractReference):
        reference = Given(reference)
    axis = units.time
    start = axis.start if axis.kind == "number" else 0.0
    return InUnits(reference, start, axis.scale, units.mean, units.std)


def check_parts(density: Any, flux: Any, divergence_free: Any) -> None:
    """Tell a part that is built too early, or not at all."""
    for name, part in (("density", density), ("divergence_free", divergence_free)):
        given = part is not None and not isinstance(part, str)
        if given and (isinstance(part, eqx.Module | type) or not callable(part)):
            raise TypeError(
                f"expected {name} as a function of a random key, such as lambda key: "
                f"Part(..., key=key); got {kind_of(part)}."
            )
    if flux is not None and not isinstance(flux, AbstractFlux):
        raise TypeError(f"expected a flux, such as KnotheRosenblatt(); got {kind_of(flux)}.")


def kind_of(part: Any) -> str:
    """A part in words."""
    return f"the class {part.__name__}" if isinstance(part, type) else f"a {type(part).__name__}"


def mass_error(masses: Mapping[Any, float], growth: float | None, units: Units) -> MassError:
    """The term that holds the total mass to what was counted.

    **Raises:** `DataError` for masses without growth, fewer than two, or not positive.
    """
    if growth is None:
        raise DataError(
            "expected growth beside masses: without it nothing is born. Give growth=0.1."
        )
    if len(masses) < 2 or not all(0 < mass < float("inf") for mass in masses.values()):
        raise DataError(
            f"expected the positive size of the population at two times or more; got {masses}. "
            "Give masses={time: size, ...}."
        )
    times = units.time.to_unit(units.time.parse(list(masses)))
    return MassError(tuple(times.tolist()), tuple(map(float, masses.values())))
